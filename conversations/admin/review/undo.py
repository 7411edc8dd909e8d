"""How the review page undoes a change: by another form, whose fields an answer gives to scripts.

What undoes a review is signed, or anybody could say that a colleague reviewed it.
"""

from __future__ import annotations

import json
from typing import Any

from django.core import signing
from django.utils.dateparse import parse_datetime

from assistant.lib.errors import FrontdeskError
from conversations.models import Annotation, Conversation, Message
from conversations.services.reviews import ReviewChange, ReviewState

SALT = "conversations.review"
Undo = dict[str, Any]


def undo_by(url: str, **fields: Any) -> Undo:
    """The form that undoes a change: its address and what it says."""
    return {"url": url, "fields": fields}


def annotation_fields(message: Message) -> dict[str, str]:
    """What `AnnotationForm` takes to make a message's annotation what it is now."""
    annotation: Annotation | None = getattr(message, "annotation", None)
    if annotation is None or not annotation.verdict:
        return {"verdict": ""}
    return {
        "verdict": annotation.verdict,
        "other": annotation.intent,
        "entities": json.dumps(annotation.entities, ensure_ascii=False),
    }


def signed_review_change(conversation: Conversation, change: ReviewChange) -> str:
    """What `ReviewedForm.back` takes to undo it."""
    states = [
        [state.turn, state.at.isoformat() if state.at else "", state.by, state.later]
        for state in (change.before, change.after)
    ]
    return signing.dumps([conversation.pk, *states], salt=SALT)


def read_review_change(conversation: Conversation, text: str) -> ReviewChange:
    """Raises FrontdeskError for what we did not write about this conversation."""
    try:
        pk, *states = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        pk, states = None, []
    if pk != conversation.pk:
        raise FrontdeskError("This can't be undone.", code="bad_undo")
    before, after = (ReviewState(turn, parse_datetime(at) if at else None, by, later) for turn, at, by, later in states)
    return ReviewChange(before, after)
