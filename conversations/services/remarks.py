"""What a visitor says about the conversation: thumbs, and "I want a person"."""

from __future__ import annotations

from django.db import transaction

from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.lib.strict_json import is_storable_text
from conversations.models import Conversation, Message
from conversations.signals import feedback_given, state_changed

MAX_REASON = 1000  # characters


def give_feedback(*, conversation: Conversation, seq: int, value: str, reason: str = "") -> None:
    """Thumbs for one of the bot's messages: `up`, `down`, or empty to take it back. The same again changes nothing."""
    if value not in {"", "up", "down"}:
        raise FrontdeskError("Feedback is up, down or empty.", code="bad_feedback")
    if not is_storable_text(reason):
        raise FrontdeskError("A reason is a text in UTF-8, without NUL.", code="bad_feedback")
    rows = Message.objects.filter(conversation=conversation, seq=seq, role=Message.Role.BOT)
    with write_transaction():
        talk = Conversation.objects.filter(pk=conversation.pk)
        talk.select_for_update().values_list("pk").get()  # so that two thumbs at once are both counted
        before = rows.values_list("feedback", "feedback_reason").first()
        if before is None:
            raise FrontdeskError("There is no such message of the bot.", code="bad_feedback")
        if before == (value, reason[:MAX_REASON]):
            return
        rows.update(feedback=value, feedback_reason=reason[:MAX_REASON])
        talk.update(thumbs_down=Message.objects.filter(conversation=conversation, feedback="down").count())
        pk = conversation.pk
        transaction.on_commit(lambda: feedback_given.send_robust(Conversation, conversation_id=pk, seq=seq))


def request_handoff(*, conversation: str, key: str = "") -> None:
    """The visitor asks for a person. `conversation` is its public id; asking twice changes nothing."""
    del key  # a state can be set twice with no harm
    rows = Conversation.objects.filter(public_id=conversation)
    waiting = Conversation.State.WAITING
    with write_transaction():
        if not rows.filter(state__in=[Conversation.State.BOT, Conversation.State.CLOSED]).update(state=waiting):
            return
        transaction.on_commit(lambda: state_changed.send_robust(Conversation, conversation=rows.get()))
