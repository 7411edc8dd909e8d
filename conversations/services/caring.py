"""A visitor asked for a person, and one of the staff took care of it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from assistant.lib import audit
from assistant.lib.database import write_transaction
from conversations.models import Conversation
from conversations.signals import state_changed

BOT, WAITING = Conversation.State.BOT, Conversation.State.WAITING


def take_care(*, conversation: Conversation, by: User | None, undo: bool = False) -> None:
    """Nobody waits for a person there any more; `undo` lets them wait again. In any other state nothing changes."""
    before, after = (BOT, WAITING) if undo else (WAITING, BOT)
    rows = Conversation.objects.filter(pk=conversation.pk)
    with write_transaction():
        if not rows.filter(state=before).update(state=after):
            return
        audit.record(conversation, {"state": (str(before), str(after))}, by=by)
        transaction.on_commit(
            lambda: state_changed.send_robust(Conversation, conversation=rows.defer("snapshot").get()), robust=True
        )
