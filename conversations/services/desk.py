"""What all changes that staff make to a conversation have in common."""

from __future__ import annotations

from django.db import transaction

from conversations.errors import Gone
from conversations.models import Conversation
from conversations.signals import review_changed


def hold(conversation_id: int) -> Conversation:
    """The conversation as it is now; nobody else changes it or what belongs to it before this transaction ends.

    Whatever changes its messages, verdicts or notes holds it first, as an answer that is recorded does: who takes a
    message before its conversation waits for somebody who waits for them. Raises Gone.
    """
    row = Conversation.objects.select_for_update().defer("snapshot").filter(pk=conversation_id).first()
    if row is None:
        raise Gone("This conversation is not there any more.")
    return row


def tell(conversation_id: int, seq: int = 0) -> None:
    """Those who read it, after the commit. `seq`: the message that it is about, if any."""
    transaction.on_commit(
        lambda: review_changed.send_robust(Conversation, conversation_id=conversation_id, seq=seq), robust=True
    )
