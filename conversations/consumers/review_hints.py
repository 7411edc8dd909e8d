"""Hints to those who read a conversation: what the visitor and colleagues made of it. What is said they hear in the
group of its sockets."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.lib.websockets import notify
from conversations.groups import of_review
from conversations.models import Conversation
from conversations.signals import feedback_given, review_changed, state_changed


@receiver(state_changed, dispatch_uid="review-state")
def notify_state(sender: object, conversation: Conversation, **_: Any) -> None:
    _notify(conversation.pk, type="state", state=conversation.state)


@receiver(review_changed, dispatch_uid="review-review")
def notify_review(sender: object, conversation_id: int, seq: int, **_: Any) -> None:
    _notify(conversation_id, type="changed", seq=seq)


@receiver(feedback_given, dispatch_uid="review-feedback")
def notify_feedback(sender: object, conversation_id: int, seq: int, **_: Any) -> None:
    _notify(conversation_id, type="changed", seq=seq)


def _notify(conversation_id: int, **payload: Any) -> None:
    notify(of_review(conversation_id), {"type": "review.frame", "payload": payload})
