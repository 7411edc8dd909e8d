"""Hand-offs: a visitor asked for a person, and one of the staff took over."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from assistant.change_sets import record, state_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from conversations.models import Conversation
from conversations.signals import state_changed

State = Conversation.State


def request_handoff(*, conversation: str, key: str = "") -> None:
    """The visitor asks for a person. `conversation` is its public id; asking twice changes nothing."""
    del key  # a state can be set twice with no harm
    rows = Conversation.objects.filter(public_id=conversation)
    with write_transaction():
        if not rows.filter(state__in=[State.BOT, State.CLOSED]).update(state=State.WAITING):
            return
        transaction.on_commit(lambda: state_changed.send_robust(Conversation, conversation=rows.get()))


def close_handoff(*, conversation: Conversation, by: User | None) -> None:
    """Nobody waits for a person there any more. In any other state nothing changes."""
    _change_state(conversation, State.WAITING, State.BOT, by)


def reopen_handoff(*, conversation: Conversation, by: User | None) -> None:
    """The opposite of `close_handoff`: the visitor waits for a person again. In any other state nothing changes."""
    _change_state(conversation, State.BOT, State.WAITING, by)


def _change_state(conversation: Conversation, before: State, after: State, by: User | None) -> None:
    rows = Conversation.objects.filter(pk=conversation.pk)
    with write_transaction():
        # One statement asks and writes: of two who do it at once, one changes it and writes the audit log.
        if not rows.filter(state=before).update(state=after):
            return
        state = state_of(conversation)
        record(conversation, {**state, "state": str(before)}, {**state, "state": str(after)})
        audit.record(conversation, {"state": (str(before), str(after))}, by=by)
        transaction.on_commit(
            lambda: state_changed.send_robust(Conversation, conversation=rows.defer("snapshot").get()), robust=True
        )
