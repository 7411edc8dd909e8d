"""Staff are done with a conversation, or want to come back to it; and what all their changes to one share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from conversations.errors import Gone
from conversations.models import Conversation
from conversations.signals import review_changed


@dataclass(frozen=True)
class ReviewState:
    """How far a conversation is reviewed, since when and by whom (a user's key), and whether it is saved for later."""

    turn: int
    at: datetime | None
    by: int | None
    later: bool

    @classmethod
    def of(cls, row: Conversation) -> ReviewState:
        return cls(row.reviewed_turn, row.reviewed_at, row.reviewed_by_id, row.saved_for_later)


@dataclass(frozen=True)
class ReviewChange:
    """What `undo_review` needs."""

    before: ReviewState
    after: ReviewState


def mark_reviewed(*, conversation: Conversation, by: User | None, seen_turn: int | None = None) -> ReviewChange:
    """Reviewed up to the turn that was seen (None: all there are), and no less than before. Whoever is done with it
    does not want it later any more. It waits for review again once the visitor says more."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        # The visitor may have said more while the page was open: that waits for review.
        seen = row.last_turn if seen_turn is None else min(seen_turn, row.last_turn)
        after = ReviewState(max(seen, row.reviewed_turn), timezone.now(), by.pk if by else None, later=False)
        return _set_review(row, after, by)


def mark_unreviewed(*, conversation: Conversation, by: User | None) -> ReviewChange:
    """It waits for review again, all of it."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        return _set_review(row, ReviewState(0, None, None, row.saved_for_later), by)


def undo_review(*, conversation: Conversation, change: ReviewChange, by: User | None) -> None:
    """As it was before the change. Raises ChangedMeanwhile where somebody changed it since."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        # Whoever reviewed it since knows of nothing to undo.
        if ReviewState.of(row) != change.after:
            raise ChangedMeanwhile("Somebody reviewed this meanwhile.")
        _set_review(row, change.before, by)


def save_for_later(*, conversation: Conversation, saved: bool, by: User | None) -> Conversation:
    """Kept in a list of its own until somebody reviews it, or takes it off that list (`saved` False)."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        before, row.saved_for_later = row.saved_for_later, saved
        row.save(update_fields=["saved_for_later"])
        audit.record(row, {"saved for later": (before, saved)}, by=by)
        notify_readers(row.pk)
    return row


def lock_conversation(conversation_id: int) -> Conversation:
    """The conversation as it is now; nobody else changes it or what belongs to it before this transaction ends.

    Whatever changes its messages, annotations or notes locks it first, as an answer that is recorded does: who locks
    a message before its conversation waits for somebody who waits for them. Raises Gone.
    """
    row = Conversation.objects.select_for_update().defer("snapshot").filter(pk=conversation_id).first()
    if row is None:
        raise Gone("This conversation is not there any more.")
    return row


def notify_readers(conversation_id: int, seq: int = 0) -> None:
    """The staff who have the conversation open, after the commit. `seq`: the message that it is about, if any."""
    transaction.on_commit(
        lambda: review_changed.send_robust(Conversation, conversation_id=conversation_id, seq=seq), robust=True
    )


def _set_review(row: Conversation, after: ReviewState, by: User | None) -> ReviewChange:
    before = ReviewState.of(row)
    row.reviewed_turn, row.reviewed_at, row.reviewed_by_id = after.turn, after.at, after.by
    row.saved_for_later = after.later
    row.save(update_fields=["reviewed_turn", "reviewed_at", "reviewed_by", "saved_for_later"])
    changes = {"reviewed messages": (before.turn, after.turn), "saved for later": (before.later, after.later)}
    audit.record(row, changes, by=by)
    notify_readers(row.pk)
    return ReviewChange(before, after)
