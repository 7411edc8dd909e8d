"""Staff are done with a conversation, or want to come back to it; and what all their changes to one share."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from assistant.change_sets import State, record, state_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from conversations.errors import Gone
from conversations.models import Conversation
from conversations.signals import review_changed


def mark_reviewed(*, conversation: Conversation, by: User | None, seen_turn: int | None = None) -> None:
    """Reviewed up to the turn that was seen (None: all there are), and no less than before. Whoever is done with it
    does not want it later any more. It waits for review again once the visitor says more."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        before = state_of(row)
        # The visitor may have said more while the page was open: that waits for review.
        seen = row.last_turn if seen_turn is None else min(seen_turn, row.last_turn)
        row.reviewed_turn, row.reviewed_at, row.reviewed_by = max(seen, row.reviewed_turn), timezone.now(), by
        row.saved_for_later = False
        _save_review(row, before, by)


def mark_unreviewed(*, conversation: Conversation, by: User | None) -> None:
    """It waits for review again, all of it."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        before = state_of(row)
        row.reviewed_turn, row.reviewed_at, row.reviewed_by = 0, None, None
        _save_review(row, before, by)


def save_for_later(*, conversation: Conversation, saved: bool, by: User | None) -> Conversation:
    """Kept in a list of its own until somebody reviews it, or takes it off that list (`saved` False)."""
    with write_transaction():
        row = lock_conversation(conversation.pk)
        before, row.saved_for_later = state_of(row), saved
        _save_review(row, before, by)
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


def _save_review(row: Conversation, before: State, by: User | None) -> None:
    row.save(update_fields=["reviewed_turn", "reviewed_at", "reviewed_by", "saved_for_later"])
    record(row, before, state_of(row))
    changes = {
        "reviewed messages": (before["reviewed_turn"], row.reviewed_turn),
        "saved for later": (before["saved_for_later"], row.saved_for_later),
    }
    audit.record(row, changes, by=by)
    notify_readers(row.pk)
