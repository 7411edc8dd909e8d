"""Staff who do something to the same conversation at the same moment, while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from assistant.lib.database import write_transaction
from conversations import services
from conversations.models import Conversation, Message, Tag
from tests.admin_ui.conftest import Write, wrote  # noqa: F401  (a fixture)
from tests.racing import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[Message, User], Any]


def flag(message: Message, by: User) -> Any:
    return services.flag_message(message=message, flagged=True, revision=0, by=by)


def annotate(message: Message, by: User) -> Any:
    return services.annotate_message(message=message, verdict="corrected", intent="ask_way", revision=0, by=by)


def visitors(talk: Conversation) -> list[Message]:
    rows = Message.objects.filter(conversation=talk, role="user").select_related("conversation__environment__bot")
    return list(rows.order_by("seq"))


def test_it_counts_all_flags(wrote: Write, ana: User) -> None:  # noqa: F811
    talk = wrote(*(f"say {number}" for number in range(8)))
    messages = visitors(talk)
    all_at_once(lambda number: flag(messages[number], ana))
    talk.refresh_from_db()
    assert talk.flag_count == 8


def test_it_keeps_the_tags_of_all(wrote: Write, ana: User) -> None:  # noqa: F811
    talk = wrote("hi")

    def tag(number: int) -> None:
        services.tag_conversation(conversation=talk, add=[f"tag {number}"], by=ana)

    assert all_at_once(tag) == [None] * 8
    assert talk.tags.count() == 8


def test_it_makes_a_tag_once(wrote: Write, ana: User) -> None:  # noqa: F811
    talks = [wrote("hi") for _ in range(8)]

    def tag(number: int) -> None:
        services.tag_conversation(conversation=talks[number], add=["new"], by=ana)

    assert all_at_once(tag) == [None] * 8
    assert Tag.objects.count() == 1


@pytest.mark.parametrize("act", [flag, annotate])
def test_it_never_waits_for_whoever_waits_for_it(wrote: Write, ana: User, act: Act) -> None:  # noqa: F811
    talk = wrote("where are you")
    [message] = visitors(talk)

    def answer() -> None:
        """In the order of an answer that is recorded, and of a deletion."""
        with write_transaction():
            Conversation.objects.select_for_update().get(pk=talk.pk)
            time.sleep(0.5)
            Message.objects.filter(pk=message.pk).update(status="answered")

    def late() -> None:
        time.sleep(0.2)
        act(message, ana)

    assert [error for error in all_at_once(lambda number: (answer, late)[number](), 2) if error] == []
