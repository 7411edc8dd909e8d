"""Hints to those who read a conversation: what was said and answered, what the visitor and colleagues made of it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.lib.hints import hint
from conversations.models import Conversation, Message
from conversations.signals import feedback_given, messages_added, review_changed, state_changed, turn_answered


def desk_of(conversation_id: int) -> str:
    """The group of its readers."""
    return f"desk.{conversation_id}"


@receiver(messages_added, dispatch_uid="desk-messages")
def tell_of_messages(sender: object, conversation: Conversation, messages: list[Message], **_: Any) -> None:
    _tell(conversation.pk, type="message", seqs=[message.seq for message in messages])


@receiver(turn_answered, dispatch_uid="desk-answer")
def tell_of_answer(sender: object, conversation: Conversation, turn: int, messages: list[Message], **_: Any) -> None:
    _tell(conversation.pk, type="answered", turn=turn, seqs=[message.seq for message in messages])


@receiver(state_changed, dispatch_uid="desk-state")
def tell_of_state(sender: object, conversation: Conversation, **_: Any) -> None:
    _tell(conversation.pk, type="state", state=conversation.state)


@receiver(review_changed, dispatch_uid="desk-review")
def tell_of_review(sender: object, conversation_id: int, seq: int, **_: Any) -> None:
    _tell(conversation_id, type="changed", seq=seq)


@receiver(feedback_given, dispatch_uid="desk-feedback")
def tell_of_feedback(sender: object, conversation_id: int, seq: int, **_: Any) -> None:
    _tell(conversation_id, type="changed", seq=seq)


def _tell(conversation_id: int, **payload: Any) -> None:
    hint(desk_of(conversation_id), {"type": "desk.frame", "payload": payload})
