"""Hints to the channels that something new can be shown. Delivered at most once: the row is the truth.

Groups of the channel layer: `conversation.<public id>` for the sockets of one conversation, `rest` for all
processes in which REST callers wait.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.lib.hints import hint
from conversations.channels.payloads import message_payload, rest_payload
from conversations.models import Conversation, Message
from conversations.signals import messages_added, state_changed, turn_answered

REST = "rest"


def group_of(conversation: Conversation) -> str:
    return f"conversation.{conversation.public_id.hex}"


@receiver(messages_added, dispatch_uid="hint-messages")
def hint_messages(sender: object, conversation: Conversation, messages: list[Message], **_: Any) -> None:
    if conversation.channel != REST:
        _show(conversation, messages)


@receiver(turn_answered, dispatch_uid="hint-answer")
def hint_answer(sender: object, conversation: Conversation, turn: int, messages: list[Message], **_: Any) -> None:
    if conversation.channel == REST:
        replies = [rest_payload(message) for message in messages]
        hint(REST, {"type": "turn.answered", "conversation": conversation.pk, "turn": turn, "replies": replies})
    elif messages:
        _show(conversation, messages)
    else:
        hint(group_of(conversation), {"type": "conversation.frame", "payload": {"type": "typing", "on": False}})


@receiver(state_changed, dispatch_uid="hint-state")
def hint_state(sender: object, conversation: Conversation, **_: Any) -> None:
    state = {"type": "state", "state": conversation.state, "newest_seq": conversation.last_seq}
    hint(group_of(conversation), {"type": "conversation.frame", "payload": state})


def _show(conversation: Conversation, messages: list[Message]) -> None:
    payloads = [message_payload(message, conversation.last_seq) for message in messages]
    hint(group_of(conversation), {"type": "conversation.messages", "messages": payloads})
