"""Staff are done with a conversation, or want to come back to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from conversations.models import Conversation
from conversations.services.desk import hold, tell


@dataclass(frozen=True)
class Review:
    """How far a conversation is reviewed, since when and by whom (a user's key), and whether it is saved for later."""

    turn: int
    at: datetime | None
    by: int | None
    later: bool


@dataclass(frozen=True)
class Marked:
    """What `take_back` needs."""

    before: Review
    now: Review


def mark_reviewed(*, conversation: Conversation, by: User | None, seen_turn: int | None = None) -> Marked:
    """Reviewed up to the turn that was seen (None: all there are), and no less than before. Whoever is done with it
    does not want it later any more. It waits for review again once the visitor says more."""
    with write_transaction():
        row = hold(conversation.pk)
        seen = row.last_turn if seen_turn is None else min(seen_turn, row.last_turn)
        now = Review(max(seen, row.reviewed_turn), timezone.now(), by.pk if by else None, later=False)
        return _set(row, now, by)


def mark_unreviewed(*, conversation: Conversation, by: User | None) -> Marked:
    """It waits for review again, all of it."""
    with write_transaction():
        row = hold(conversation.pk)
        return _set(row, Review(0, None, None, row.saved_for_later), by)


def take_back(*, conversation: Conversation, marked: Marked, by: User | None) -> None:
    """As it was before. Raises ChangedMeanwhile where it is not any more what was made of it then."""
    with write_transaction():
        row = hold(conversation.pk)
        if _review(row) != marked.now:
            raise ChangedMeanwhile("Somebody reviewed this meanwhile.")
        _set(row, marked.before, by)


def save_for_later(*, conversation: Conversation, saved: bool, by: User | None) -> Conversation:
    with write_transaction():
        row = hold(conversation.pk)
        before, row.saved_for_later = row.saved_for_later, saved
        row.save(update_fields=["saved_for_later"])
        audit.record(row, {"saved for later": (before, saved)}, by=by)
        tell(row.pk)
    return row


def _review(row: Conversation) -> Review:
    return Review(row.reviewed_turn, row.reviewed_at, row.reviewed_by_id, row.saved_for_later)


def _set(row: Conversation, now: Review, by: User | None) -> Marked:
    before = _review(row)
    row.reviewed_turn, row.reviewed_at, row.reviewed_by_id = now.turn, now.at, now.by
    row.saved_for_later = now.later
    row.save(update_fields=["reviewed_turn", "reviewed_at", "reviewed_by", "saved_for_later"])
    changes = {"reviewed messages": (before.turn, now.turn), "saved for later": (before.later, now.later)}
    audit.record(row, changes, by=by)
    tell(row.pk)
    return Marked(before, now)
