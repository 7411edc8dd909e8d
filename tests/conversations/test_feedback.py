"""What a visitor says about the conversation: thumbs, and that a person is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.dispatch import Signal

from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Message
from conversations.services import answer, give_feedback, receive, request_handoff
from conversations.signals import feedback_given, state_changed
from training.models import ModelVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(live_model: ModelVersion) -> Conversation:
    """Two turns of Maria's, and as many of somebody else's."""
    return [answered(sender) for sender in ("joe", "maria")][-1]


def answered(sender: str) -> Conversation:
    for text in ("one", "two"):
        answer(receive(channel="widget", external_id=sender, text=text).conversation_id)
    return Conversation.objects.get(external_id=sender)


def thumbs() -> dict[str, dict[int, tuple[str, str]]]:
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for row in Message.objects.exclude(feedback="").select_related("conversation"):
        found.setdefault(row.conversation.external_id, {})[row.seq] = (row.feedback, row.feedback_reason)
    return found


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []

    def hear(sender: object, signal: Signal, **said: Any) -> None:
        told.append(said)

    signal.connect(hear)
    yield told
    signal.disconnect(hear)


def test_it_stores_thumbs_where_they_belong_and_takes_them_back(talk: Conversation) -> None:
    give_feedback(conversation=Conversation.objects.get(external_id="joe"), seq=4, value="down")
    give_feedback(conversation=talk, seq=2, value="up")
    give_feedback(conversation=talk, seq=4, value="down", reason="x" * 1001)
    assert thumbs() == {"joe": {4: ("down", "")}, "maria": {2: ("up", ""), 4: ("down", "x" * 1000)}}
    assert list(Conversation.objects.values_list("thumbs_down", flat=True)) == [1, 1]
    give_feedback(conversation=talk, seq=2, value="down")
    talk.refresh_from_db()
    assert talk.thumbs_down == 2
    give_feedback(conversation=talk, seq=4, value="")
    talk.refresh_from_db()
    assert (thumbs()["maria"], talk.thumbs_down) == ({2: ("down", "")}, 1)


@pytest.mark.parametrize(("seq", "value"), [(1, "up"), (3, "down"), (5, "up"), (0, "up"), (2, "sideways"), (2, "UP")])
def test_it_refuses_thumbs_for_anything_but_what_the_bot_said(talk: Conversation, seq: int, value: str) -> None:
    with pytest.raises(FrontdeskError):
        give_feedback(conversation=talk, seq=seq, value=value)
    assert thumbs() == {}


def test_it_tells_of_thumbs_once_they_are_stored_and_of_the_same_only_once(
    talk: Conversation, django_capture_on_commit_callbacks: Any
) -> None:
    with heard(feedback_given) as told:
        with django_capture_on_commit_callbacks() as callbacks:
            give_feedback(conversation=talk, seq=2, value="down", reason="wrong")
        assert told == []
        callbacks[0]()
        assert told == [{"conversation_id": talk.pk, "seq": 2}]
        with django_capture_on_commit_callbacks(execute=True):
            give_feedback(conversation=talk, seq=2, value="down", reason="wrong")
        assert len(told) == 1
        with django_capture_on_commit_callbacks(execute=True):
            give_feedback(conversation=talk, seq=2, value="down", reason="quite wrong")
        assert len(told) == 2


def test_it_notes_that_a_person_is_wanted_unless_one_is_there(
    talk: Conversation, django_capture_on_commit_callbacks: Any
) -> None:
    with heard(state_changed) as told:
        for before, after in (("bot", "waiting"), ("closed", "waiting"), ("waiting", "waiting"), ("human", "human")):
            Conversation.objects.filter(pk=talk.pk).update(state=before)
            with django_capture_on_commit_callbacks() as callbacks:
                request_handoff(conversation=str(talk.public_id))
            talk.refresh_from_db()
            assert (talk.state, told) == (after, [])
            for callback in callbacks:
                callback()
            said = [(one["conversation"].pk, one["conversation"].state) for one in told]
            assert said == ([] if before == after else [(talk.pk, "waiting")])
            told.clear()
    assert Conversation.objects.get(external_id="joe").state == "bot"
