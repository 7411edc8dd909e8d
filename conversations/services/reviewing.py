"""Staff are done with a conversation, or want to come back to it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import writing
from conversations.models import Conversation
from conversations.services.desk import hold, tell


def mark_reviewed(
    *, conversation: Conversation, by: User | None, undo: bool = False, seen_turn: int | None = None
) -> Conversation:
    """Reviewed up to the turn that was seen (None: all there are); `undo` takes that back. Whoever is done with it does
    not want it later any more. It waits for review again once the visitor says more."""
    with writing():
        row = hold(conversation.pk)
        before = row.reviewed_turn
        row.reviewed_turn = 0 if undo else min(row.last_turn, row.last_turn if seen_turn is None else seen_turn)
        row.reviewed_at, row.reviewed_by = (None, None) if undo else (timezone.now(), by)
        row.saved_for_later = row.saved_for_later and undo
        row.save(update_fields=["reviewed_turn", "reviewed_at", "reviewed_by", "saved_for_later"])
        audit.note(row, {"reviewed messages": (before, row.reviewed_turn)}, by=by)
        tell(row.pk)
    return row


def save_for_later(*, conversation: Conversation, saved: bool, by: User | None) -> Conversation:
    with writing():
        row = hold(conversation.pk)
        before, row.saved_for_later = row.saved_for_later, saved
        row.save(update_fields=["saved_for_later"])
        audit.note(row, {"saved for later": (before, saved)}, by=by)
        tell(row.pk)
    return row
