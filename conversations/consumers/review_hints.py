"""Hints to the staff who read a conversation: what the visitor and colleagues do with it. New messages they hear of in
the group of the conversation itself."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from assistant.lib.websockets import notify
from conversations.groups import review_group
from conversations.models import Conversation
from conversations.signals import feedback_given, review_changed, state_changed


@receiver(state_changed, dispatch_uid="review-state")
def notify_state(sender: object, conversation: Conversation, **_: Any) -> None:
    """A person is asked for, or no longer."""
    state = {"type": "state", "state": conversation.state}
    notify(review_group(conversation.pk), {"type": "review.frame", "payload": state})


@receiver([review_changed, feedback_given], dispatch_uid="review-changed")
def notify_change(sender: object, conversation_id: int, seq: int, **_: Any) -> None:
    """What staff say of a message or the conversation (0), or the visitor's feedback, is another now."""
    notify(review_group(conversation_id), {"type": "review.frame", "payload": {"type": "changed", "seq": seq}})
