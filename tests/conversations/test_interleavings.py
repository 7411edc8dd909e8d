"""Whatever clients, workers and crashes do to each other: every message answered once and in order, none lost."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, Event, Message
from conversations.selectors import waiting_for_a_worker
from conversations.services import answer, receive
from conversations.turns import answering, claim, complete, next_message

pytestmark = pytest.mark.django_db

WORKERS = 3
steps = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 7)),
    st.tuples(st.just("work"), st.integers(0, WORKERS - 1)),
    st.tuples(st.just("crash"), st.integers(0, WORKERS - 1)),
    st.tuples(st.just("expire"), st.just(0)),
)


class Worker:
    """A worker that can be stopped between any two of its steps: take the lease, answer, record, read what is next."""

    def __init__(self, conversation_id):
        self.conversation_id = conversation_id
        self.crash()

    def crash(self):
        self.lease = self.message = self.reply = None

    def work(self):
        if self.lease is None:
            taken = claim(self.conversation_id)
            self.lease, self.message = (taken.lease, taken.message) if taken else (None, None)
        elif self.message is None:
            self.message = next_message(self.conversation_id, self.lease)
            if self.message is None:
                self.crash()
        elif self.reply is None:
            self.reply = answering.engine_reply(self.message, self.message.model_version)
        else:
            more = complete(self.message, self.message.model_version, self.reply, self.lease)
            self.message = self.reply = None
            self.lease = self.lease if more else None


@given(st.lists(steps, min_size=5, max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_answers_every_message_once_and_in_order_however_steps_fall(live_model, story):
    sender = uuid.uuid4().hex
    conversation_id = _say(sender, "first")
    workers = [Worker(conversation_id) for _ in range(WORKERS)]
    said = ["first"]
    for step, number in story:
        if step == "say":
            _say(sender, f"text {number}")
            said += [] if f"text {number}" in said else [f"text {number}"]
        elif step == "expire":
            _expire(conversation_id)
        else:
            getattr(workers[number], step)()
    _finish(conversation_id)

    _assert_whole(conversation_id, said)


def _say(sender, text):
    """A client that resends: the text is its own id."""
    return receive(channel="widget", external_id=sender, text=text, client_id=text).conversation_id


def _expire(conversation_id):
    past = timezone.now() - timedelta(seconds=1)
    Conversation.objects.filter(pk=conversation_id, lease__isnull=False).update(lease_until=past)


def _finish(conversation_id):
    """What the sweeper does once all leases of the dead are over."""
    _expire(conversation_id)
    while conversation_id in waiting_for_a_worker():
        answer(conversation_id)


def _assert_whole(conversation_id, said):
    messages = list(Message.objects.filter(conversation_id=conversation_id).order_by("seq"))
    inbound = [m for m in messages if m.role == "user"]
    assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
    assert [m.text for m in inbound] == said
    assert [m.turn for m in inbound] == list(range(1, len(said) + 1))
    replies = [m for m in messages if m.role == "bot"]
    assert [m.turn for m in replies] == [m.turn for m in inbound]
    assert all(_answers(reply, inbound[reply.turn - 1]) for reply in replies)
    positions = Event.objects.filter(conversation_id=conversation_id).order_by("position")
    assert list(positions.values_list("position", flat=True)) == list(range(1, len(positions) + 1))


def _answers(reply, message):
    """The echo; or the fallback, for a turn over which several workers died."""
    return reply.text == f"You said: {message.text}" or message.status == "failed"
