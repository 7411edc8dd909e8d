"""What came in is answered: once, in order, within its deadline."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from assistant.engine import OutMessage, Reply
from assistant.engine.fake import FakeEngine
from conversations.channels.payloads import rest_payload
from conversations.models import Conversation, Event, Message
from conversations.selectors import answers_to, waiting_for_a_worker
from conversations.services import answer, receive
from conversations.signals import turn_answered
from conversations.turns import claim, complete, leases, turn_for_engine
from conversations.turns.dialects import dialect
from conversations.turns.leases import release_untried, renewed
from tests.running import until
from training.models import Environment, ModelVersion

pytestmark = pytest.mark.django_db


def say(text, sender="maria", **more):
    return receive(channel="rest", external_id=sender, text=text, **more).conversation_id


def replies(sender="maria"):
    rows = Message.objects.filter(conversation__external_id=sender, role="bot").order_by("seq")
    return [m.text for m in rows]


def test_it_answers_a_turn_once(live_model):
    conversation = say("hello")

    assert answer(conversation) == 1
    assert answer(conversation) == 0
    assert replies() == ["You said: hello"]


def test_it_gives_back_its_lease(live_model):
    conversation = say("hello")
    answer(conversation)

    row = Conversation.objects.get()
    assert (row.lease, row.lease_until, row.turn_started, row.attempts) == (None, None, None, 0)


def test_it_writes_down_what_was_understood(live_model):
    answer(say("hello"))

    message = Message.objects.get(role="user")
    assert (message.status, message.intent, message.confidence) == ("answered", "echo", 0.9)
    assert message.model_version == live_model
    assert set(message.timings) >= {"engine", "waited"}


def test_it_keeps_the_events_in_order_without_gaps(live_model):
    say("one")
    answer(say("two"))

    rows = Event.objects.order_by("position")
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert [row.data["text"] for row in rows if row.data["event"] == "user"] == ["one", "two"]
    assert Conversation.objects.get().event_count == len(rows)


def test_it_hands_the_engine_the_newest_snapshot_and_only_what_happened_since(live_model):
    for number in range(9):
        answer(say(f"number {number}"))
    say("number 9")

    message = Message.objects.select_related("conversation").get(turn=10)
    window = turn_for_engine(message, live_model).history.read()

    assert window.snapshot == {"turns": 8}
    assert [e["text"] for e in window.events if e["event"] == "user"] == ["number 8"]


def test_it_hands_all_events_to_a_model_that_may_look_at_all_turns(live_model):
    ModelVersion.objects.update(history_turns=None)
    for number in range(3):
        answer(say(f"number {number}"))
    say("number 3")

    message = Message.objects.select_related("conversation", "model_version").get(turn=4)
    window = turn_for_engine(message, message.model_version).history.read()

    assert window.snapshot is None
    assert [e["text"] for e in window.events if e["event"] == "user"] == ["number 0", "number 1", "number 2"]


def test_it_gives_the_fallback_when_the_engine_fails(live_model, settings):
    conversation = say("/raise")
    answer(conversation)
    answer(say("hello"))

    assert replies() == [settings.FALLBACK_REPLY, "You said: hello"]
    assert [row.content for row in Message.objects.filter(role="bot")] == [{"buttons": settings.FALLBACK_BUTTONS}, {}]
    assert Message.objects.get(turn=1, role="user").status == "failed"
    assert Conversation.objects.get().failed_turns == 1


def test_it_gives_the_fallback_within_the_deadline(live_model, settings):
    settings.TURN_DEADLINE = 0.3
    began = timezone.now()
    answer(say("/sleep 5"))

    assert timezone.now() - began < timedelta(seconds=2)
    assert replies() == [settings.FALLBACK_REPLY]


@pytest.mark.parametrize(("deaths", "is_answered"), [(2, True), (3, False)])
def test_it_stops_trying_a_turn_over_which_workers_die(live_model, settings, deaths, is_answered):
    """What is left of its time is a grace, however long the workers took."""
    conversation = say("hello")
    for _worker in range(deaths):
        claim(conversation)
        long_ago = timezone.now() - timedelta(minutes=1)
        Conversation.objects.update(lease_until=long_ago, turn_started=long_ago)
    answer(conversation)

    assert replies() == ["You said: hello" if is_answered else settings.FALLBACK_REPLY]


@pytest.mark.parametrize(("spent", "left"), [(5, 10), (60, 3)])
def test_it_gives_a_turn_whose_worker_died_what_is_left_of_its_time(live_model, settings, monkeypatch, spent, left):
    settings.TURN_DEADLINE, given = 15, []
    conversation = say("hello")
    claim(conversation)
    past = timezone.now() - timedelta(seconds=spent)
    Conversation.objects.update(lease_until=past, turn_started=past)
    monkeypatch.setattr(
        FakeEngine, "respond", lambda engine, model, turn, timeout: given.append(timeout) or Reply((), ())
    )
    answer(conversation)

    assert given == [pytest.approx(left, abs=0.9)]


def test_it_tries_once_more_what_the_engine_failed_at(live_model, monkeypatch):
    respond, tries = FakeEngine.respond, []

    def fails_first(engine, model, turn, timeout):
        tries.append(timeout)
        if len(tries) == 1:
            raise RuntimeError("of the inside")
        return respond(engine, model, turn, timeout)

    monkeypatch.setattr(FakeEngine, "respond", fails_first)
    answer(say("hello"))

    assert replies() == ["You said: hello"]
    assert 0 < tries[1] < tries[0]


def test_it_keeps_all_parts_of_an_answer(live_model):
    parts = {"buttons": [{"title": "Yes", "payload": "/yes"}], "image": "/a.png", "attachment": {"a": 1}}
    parts |= {"custom": {"b": [2]}}
    place = receive(channel="rest", external_id="maria", text="hello")
    taken = claim(place.conversation_id)
    said = [OutMessage("Look!", action="x" * 300, **parts), OutMessage("And?")]
    assert complete(taken.message, live_model, Reply((), said), taken.lease) is False

    look, and_then = Message.objects.filter(role="bot").order_by("seq")
    assert (look.text, look.content, look.action) == ("Look!", parts, "x" * 255)
    assert (and_then.text, and_then.content, and_then.action) == ("And?", {}, "")
    assert {(row.status, row.turn, row.model_version) for row in (look, and_then)} == {("sent", 1, live_model)}
    [(_, found)] = answers_to([(place.conversation_id, 1, 1)]).items()
    assert [rest_payload(row) for row in found] == [{"text": "Look!", **parts}, {"text": "And?"}]


def test_it_tells_the_channels_of_an_answer_once_it_is_stored(live_model, django_capture_on_commit_callbacks):
    told = []

    def hear(sender, conversation, turn, messages, **_):
        told.append((conversation, turn, messages))

    conversation = say("/many 2")
    with django_capture_on_commit_callbacks() as callbacks:
        answer(conversation)
    turn_answered.connect(hear)
    for callback in callbacks:
        callback()
    turn_answered.disconnect(hear)
    [(talk, turn, messages)] = told
    stored = Conversation.objects.get()

    assert (talk.pk, talk.public_id, talk.channel, turn) == (conversation, stored.public_id, "rest", 1)
    assert talk.last_seq == stored.last_seq == 3
    assert [(row.seq, row.text, row.role) for row in messages] == [(2, "1 of 2", "bot"), (3, "2 of 2", "bot")]


def test_it_waits_for_the_first_model(db):
    conversation = say("hello")
    for _look in range(5):
        assert answer(conversation) == 0
    row = Conversation.objects.get()
    assert (row.lease, row.lease_until, row.turn_started, row.attempts) == (None, None, None, 0)

    _put_live("first")
    assert answer(conversation) == 1
    assert replies() == ["You said: hello"]


def test_it_answers_on_the_version_that_was_asked_first(db, monkeypatch):
    """It came before there was any; a worker dies over it, and another version goes live."""
    conversation, first = say("hello"), _put_live("first")
    monkeypatch.setattr(FakeEngine, "respond", _without_a_database)
    with pytest.raises(OperationalError):
        answer(conversation)
    monkeypatch.undo()
    _put_live("second")
    answer(conversation)

    assert {row.model_version for row in Message.objects.all()} == {first}


def _put_live(name):
    place = Environment.objects.get()
    place.active_version = ModelVersion.objects.create(bot=place.bot, name=name, status="ready")
    place.save()
    return place.active_version


def test_it_keeps_quiet_while_a_person_has_the_conversation(live_model):
    conversation = say("hello")
    Conversation.objects.update(state=Conversation.State.HUMAN)

    assert answer(conversation) == 1
    assert replies() == []


def test_it_leaves_a_conversation_to_the_worker_that_has_it(live_model):
    conversation = say("hello")
    assert claim(conversation)

    assert answer(conversation) == 0
    assert waiting_for_a_worker() == []


def test_it_takes_over_from_a_dead_worker(live_model):
    conversation = say("hello")
    claim(conversation)
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert waiting_for_a_worker() == [conversation]
    assert answer(conversation) == 1


def test_it_does_not_wait_out_a_clock_that_was_set_back(live_model):
    conversation, ahead = say("hello"), timezone.now() + timedelta(hours=1)
    claim(conversation)
    Conversation.objects.update(lease_until=ahead, turn_started=ahead, last_active=ahead)

    assert waiting_for_a_worker(seconds=3) == [conversation]
    assert answer(conversation) == 1
    assert replies() == ["You said: hello"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_it_gives_a_turn_its_time_whatever_the_clock_of_its_worker_says(live_model, hours):
    conversation = say("hello")
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        answer(conversation)

    assert replies() == ["You said: hello"]


def test_it_tries_a_turn_again_where_the_database_went_away(live_model, monkeypatch):
    conversation = say("hello")
    monkeypatch.setattr(FakeEngine, "respond", _without_a_database)
    with pytest.raises(OperationalError):
        answer(conversation)
    monkeypatch.undo()

    assert waiting_for_a_worker() == [conversation]
    assert answer(conversation) == 1
    assert replies() == ["You said: hello"]
    assert Conversation.objects.get().failed_turns == 0


def _without_a_database(*_):
    raise OperationalError("server closed the connection unexpectedly")


def test_it_refuses_the_late_result_of_a_worker_that_lost_its_lease(live_model):
    conversation = say("hello")
    lost = claim(conversation)
    late = Message.objects.select_related("conversation__environment").get()
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    answer(conversation)

    assert complete(late, live_model, None, lost.lease) is False
    assert replies() == ["You said: hello"]


def test_it_refuses_the_result_of_a_worker_whose_lease_another_one_has(live_model):
    """Were it taken, the holder's own result would be refused, and what waits behind it would wait out the lease."""
    conversation = say("one")
    say("two")
    lost = claim(conversation)
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    holds = claim(conversation)
    reply = FakeEngine().respond(live_model.for_engine(), turn_for_engine(lost.message, live_model), 5)
    before = Conversation.objects.values().get()

    assert complete(lost.message, live_model, reply, lost.lease) is False
    assert complete(lost.message, live_model, None, "") is False
    assert (Conversation.objects.values().get(), replies(), Event.objects.count()) == (before, [], 0)
    assert complete(holds.message, live_model, reply, holds.lease) is True
    assert replies() == ["You said: one"]


def test_it_gives_back_its_own_lease_only(live_model):
    conversation = say("hello")
    lost = claim(conversation)
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    holds = claim(conversation)
    with pytest.raises(RuntimeError), renewed(conversation, lost.lease):
        raise RuntimeError("of the inside")
    release_untried(conversation, lost.lease)

    assert Conversation.objects.get().lease == holds.lease
    with pytest.raises(RuntimeError), renewed(conversation, holds.lease):
        raise RuntimeError("of the inside")
    assert waiting_for_a_worker() == [conversation]


@pytest.mark.django_db(transaction=True)
def test_it_gives_back_what_it_took_without_knowing(lasting_model, monkeypatch):
    """The database went away before it could say so. Other conversations keep their workers."""
    conversation, other = say("hello"), say("hello", sender="joe")
    claim(other)
    monkeypatch.setattr(leases, "AGAIN_AFTER", 0.02)
    with monkeypatch.context() as patched:
        run_step = dialect.run_step
        patched.setattr(dialect, "run_step", lambda *parts, **more: [run_step(*parts, **more), _without_a_database()])
        with pytest.raises(OperationalError):
            answer(conversation)

    until(lambda: answer(conversation) == 1, 5, "another worker's turn")
    assert answer(other) == 0


@pytest.mark.django_db(transaction=True)
def test_it_keeps_a_lease_alive_no_longer_than_it_works(lasting_model, settings, monkeypatch):
    settings.LEASE_SECONDS = 0.3
    monkeypatch.setattr(leases, "_keeper", leases.LeaseKeeper())
    conversation = say("hello")
    with renewed(conversation, claim(conversation).lease):
        pass

    until(lambda: answer(conversation) == 1, 5, "another worker's turn")


@pytest.mark.django_db(transaction=True)
def test_it_renews_the_lease_of_a_slow_turn(lasting_model, settings, monkeypatch):
    settings.LEASE_SECONDS = 0.6
    # Another test's may be in the middle of a longer pause.
    monkeypatch.setattr(leases, "_keeper", leases.LeaseKeeper())
    conversation = say("/sleep 1.5")
    slow = threading.Thread(target=_answer_and_close, args=(conversation,))
    slow.start()
    slow.join(1.2)

    assert answer(conversation) == 0
    assert Conversation.objects.get().lease_until < timezone.now() + timedelta(seconds=0.7)  # should the worker die
    slow.join()
    assert replies() == ["You said: /sleep 1.5"]


def _answer_and_close(conversation):
    try:
        answer(conversation)
    finally:
        connection.close()
