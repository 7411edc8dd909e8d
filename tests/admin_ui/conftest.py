"""Staff at their desk, and conversations to read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Message
from training.models import ModelVersion
from training.selectors import production

Write = Callable[..., Conversation]


@pytest.fixture
def desk(ana: User) -> Client:
    """A browser in which Ana, who may do everything, is logged in."""
    client = Client()
    client.force_login(ana)
    return client


@pytest.fixture
def viewer_desk(db: None) -> Client:
    """A browser of someone who may read conversations and nothing else."""
    return _desk_of("vera", "view_conversation")


@pytest.fixture
def stranger_desk(db: None) -> Client:
    """A browser of someone on the staff who may see nothing yet."""
    return _desk_of("stan")


def _desk_of(name: str, *permissions: str) -> Client:
    user = User.objects.create_user(name, password="desk-of-" + name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def wrote(live_model: ModelVersion) -> Write:
    """`wrote("hello", sender="sam")`: a conversation in which these texts were said and answered in turn."""
    numbers = count(1)

    def write(
        *texts: str, sender: str = "", channel: str = "widget", active: datetime | None = None, **of: Any
    ) -> Conversation:
        counters = {"last_seq": 2 * len(texts), "last_turn": len(texts), "answered_turn": len(texts)}
        conversation = Conversation.objects.create(
            channel=channel,
            external_id=sender or f"visitor-{next(numbers)}",
            environment=production(),
            last_active=active or timezone.now(),
            **{**counters, **of},
        )
        for turn, text in enumerate(texts, 1):
            said(conversation, 2 * turn - 1, text, turn=turn)
            said(conversation, 2 * turn, f"You said {text}", role="bot", turn=turn)
        return conversation

    return write


def said(conversation: Conversation, seq: int, text: str, role: str = "user", **of: Any) -> Message:
    usual = {"created": timezone.now(), "status": "answered" if role == "user" else "sent"}
    return Message.objects.create(conversation=conversation, seq=seq, text=text, role=role, **{**usual, **of})
