"""Thumbs that a visitor gives the bot's messages."""

from __future__ import annotations

from django.db import transaction

from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.lib.strict_json import is_storable_text
from conversations.models import Conversation, Message
from conversations.signals import feedback_given

MAX_REASON = 1000  # characters


def give_feedback(*, conversation: Conversation, seq: int, value: str, reason: str = "") -> None:
    """For one of the bot's messages: `up`, `down`, or empty to take it back. The same again changes nothing."""
    if value not in {"", "up", "down"}:
        raise FrontdeskError("Feedback is up, down or empty.", code="bad_feedback")
    if not is_storable_text(reason):
        raise FrontdeskError("A reason is a text in UTF-8, without NUL.", code="bad_feedback")
    messages = Message.objects.filter(conversation=conversation, seq=seq, role=Message.Role.BOT)
    with write_transaction():
        row = Conversation.objects.filter(pk=conversation.pk)
        row.select_for_update().values_list("pk").get()  # so that two thumbs at once are both counted
        before = messages.values_list("feedback", "feedback_reason").first()
        if before is None:
            raise FrontdeskError("There is no such message of the bot.", code="bad_feedback")
        if before == (value, reason[:MAX_REASON]):
            return
        messages.update(feedback=value, feedback_reason=reason[:MAX_REASON])
        # Counted anew, not up or down: so a count that went wrong once mends itself.
        row.update(thumbs_down=Message.objects.filter(conversation=conversation, feedback="down").count())
        pk = conversation.pk
        transaction.on_commit(lambda: feedback_given.send_robust(Conversation, conversation_id=pk, seq=seq))
