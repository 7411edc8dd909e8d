"""The way back from a review, as the page keeps it: signed, else anybody could say that a colleague reviewed it."""

from __future__ import annotations

from typing import Any

from django.core import signing
from django.utils.dateparse import parse_datetime

from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation
from conversations.services.reviews import ReviewChange as Marked
from conversations.services.reviews import ReviewState as Review

SALT = "conversations.review"


def written(conversation: Conversation, marked: Marked) -> str:
    return signing.dumps([conversation.pk, _told(marked.before), _told(marked.after)], salt=SALT)


def read(conversation: Conversation, text: str) -> Marked:
    """Raises FrontdeskError for what we did not write about this conversation."""
    try:
        pk, before, now = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        pk = None
    if pk != conversation.pk:
        raise FrontdeskError("This can't be undone.", code="bad_undo")
    return Marked(_review(before), _review(now))


def _told(review: Review) -> list[Any]:
    return [review.turn, review.at.isoformat() if review.at else "", review.by, review.later]


def _review(told: list[Any]) -> Review:
    turn, at, by, later = told
    return Review(turn, parse_datetime(at) if at else None, by, later)
