"""A message to annotate, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from conversations import services
from conversations.models import Annotation, Message
from tests.admin_ui.conftest import Write, said, wrote  # noqa: F401  (a fixture)
from training.models import Example
from training.selectors import production, training_data_of

RANKING = [{"name": "ask_hours", "confidence": 0.41}, {"name": "ask_prices", "confidence": 0.33}]
SUNDAY = [{"start": 8, "end": 14, "entity": "day", "value": "Sunday", "extractor": "DIETClassifier"}]


@pytest.fixture
def message(wrote: Write) -> Message:  # noqa: F811
    """`Open on Sunday?`, taken for ask_hours with little confidence."""
    conversation = wrote(last_turn=1, answered_turn=1, last_seq=1)
    return said(
        conversation,
        1,
        "Open on Sunday?",
        turn=1,
        intent="ask_hours",
        confidence=0.41,
        ranking=RANKING,
        entities=SUNDAY,
    )


@pytest.fixture
def bea(db: None) -> User:
    return User.objects.create_user("bea", is_staff=True)


def annotate(message: Message, verdict: str, by: User, intent: str = "", revision: int = 0, **more: Any) -> Annotation:
    return services.annotate_message(message=message, verdict=verdict, intent=intent, revision=revision, by=by, **more)


def examples() -> list[tuple[str, str, str]]:
    """Intent, text and use of those that are alive."""
    rows = Example.objects.filter(deleted=None).order_by("id")
    return list(rows.values_list("intent__name", "text", "use"))


def trained() -> set[str]:
    """The intents that the next version is taught for it."""
    return {row.intent for row in training_data_of(production().bot).examples if "unday" in row.text}
