"""Hints to the channels that something new can be shown. Delivered at most once: the row is the truth."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.lib.websockets import notify
from conversations.channels.payloads import message_payload
from conversations.groups import REST, conversation_group
from conversations.models import Conversation, Message
from conversations.signals import messages_added, state_changed, turn_answered


@receiver(messages_added, dispatch_uid="hint-messages")
def notify_messages(sender: object, conversation: Conversation, messages: list[Message], **_: Any) -> None:
    """What the visitor wrote, for their other pages and for staff who read it."""
    _notify_messages(conversation, messages, turn=None)


@receiver(turn_answered, dispatch_uid="hint-answer")
def notify_answer(sender: object, conversation: Conversation, turn: int, messages: list[Message], **_: Any) -> None:
    """The bot's messages; none where it keeps quiet."""
    if conversation.channel == REST:
        notify(REST, {"type": "turn.answered", "conversation": conversation.public_id.hex, "turn": turn})
    _notify_messages(conversation, messages, turn)


@receiver(state_changed, dispatch_uid="hint-state")
def notify_state(sender: object, conversation: Conversation, **_: Any) -> None:
    """A person is asked for, or no longer."""
    state = {"type": "state", "state": conversation.state, "newest_seq": conversation.last_seq}
    notify(conversation_group(conversation.public_id), {"type": "conversation.frame", "payload": state})


def _notify_messages(conversation: Conversation, messages: list[Message], turn: int | None) -> None:
    payloads = [message_payload(message, conversation.last_seq) for message in messages]
    notify(
        conversation_group(conversation.public_id),
        {"type": "conversation.messages", "messages": payloads, "turn": turn},
    )
