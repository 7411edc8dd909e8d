"""A message comes in: stored once, in order, before anything else."""

import pytest

from assistant.lib.errors import FrontdeskError
from conversations.errors import BadMessage, EmptyMessage, KeyReused, MessageTooLong
from conversations.models import Conversation, Message
from conversations.services import answer, give_feedback, open_conversation, receive
from conversations.signals import messages_added, turn_received
from tests.racing import all_at_once
from training.selectors import production

pytestmark = pytest.mark.django_db


def say(text, sender="maria", **more):
    return receive(channel="rest", external_id=sender, text=text, **more)


def transcript(sender="maria"):
    rows = Message.objects.filter(conversation__external_id=sender).order_by("seq")
    return [(m.seq, m.role, m.text) for m in rows]


@pytest.fixture
def heard():
    """What the channels and the workers are told, in order: a conversation with its messages, or a number."""
    told = []

    def show(sender, conversation, messages, **_):
        told.append((conversation, messages))

    def queue(sender, conversation_id, **_):
        told.append(conversation_id)

    messages_added.connect(show)
    turn_received.connect(queue)
    yield told
    messages_added.disconnect(show)
    turn_received.disconnect(queue)


def test_it_numbers_messages_without_gaps(live_model):
    first, second = say("one"), say("two")
    answer(first.conversation_id)

    assert (first.seq, second.seq) == (1, 2)
    assert transcript() == [
        (1, "user", "one"),
        (2, "user", "two"),
        (3, "bot", "You said: one"),
        (4, "bot", "You said: two"),
    ]


def test_it_takes_the_same_client_id_as_the_same_message(live_model):
    first, again = say("hello", client_id="a1"), say("hello", client_id="a1")

    assert (again.seq, again.turn, again.new) == (first.seq, first.turn, False)
    assert len(transcript()) == 1


def test_it_refuses_a_client_id_that_was_another_message(live_model):
    say("hello", client_id="a1", payload="/greet")
    with pytest.raises(KeyReused):
        say("goodbye", client_id="a1", payload="/greet")
    with pytest.raises(KeyReused):
        say("hello", client_id="a1", payload="/leave")
    assert len(transcript()) == 1


def test_it_takes_a_client_id_for_another_message_elsewhere(live_model):
    def everywhere():
        return [
            receive(channel=channel, external_id=sender, text=f"{sender} on {channel}", client_id="a1")
            for channel in ("rest", "widget")
            for sender in ("maria", "joe")
        ]

    first, again = everywhere(), everywhere()

    assert [one.new for one in first] == [True] * 4
    assert [(one.conversation_id, one.new) for one in again] == [(one.conversation_id, False) for one in first]
    assert Message.objects.count() == 4


def test_it_says_where_a_message_stands_in_which_conversation(live_model):
    places = [say("one", client_id="a1"), say("two", client_id="a2"), say("one", client_id="a1")]
    row = Conversation.objects.get()

    assert {(place.conversation_id, place.public_id) for place in places} == {(row.pk, row.public_id)}
    assert [(place.seq, place.turn, place.new) for place in places] == [(1, 1, True), (2, 2, True), (1, 1, False)]
    assert (row.last_seq, row.last_turn, row.answered_turn, row.environment) == (2, 2, 0, production())
    assert row.last_active == row.messages.get(seq=2).created


def test_it_stores_all_that_came_with_a_message(live_model):
    say("hello", client_id="a1", payload="/greet", metadata={"page": "/prices"})

    row = Message.objects.get()
    assert (row.role, row.status, row.client_id, row.payload) == ("user", "received", "a1", "/greet")
    assert row.metadata == {"page": "/prices"}


def test_it_gives_all_other_columns_the_defaults_of_their_fields(live_model):
    say("hello")
    answer(Conversation.objects.get().pk)

    message, reply = Message.objects.order_by("seq")
    written = {"id", "conversation_id", "seq", "turn", "role", "status", "text", "created", "model_version_id"}
    understood = {"intent", "confidence", "ranking", "entities", "timings", "error"}
    for row, own in ((message, written | understood), (reply, written | {"action"})):
        others = [field for field in Message._meta.concrete_fields if field.attname not in own]
        assert {field.attname: getattr(row, field.attname) for field in others} == {
            field.attname: field.get_default() for field in others
        }


def test_it_shows_and_queues_a_message_once_it_is_stored(live_model, heard, django_capture_on_commit_callbacks):
    for text in ("one", "two"):
        with django_capture_on_commit_callbacks() as callbacks:
            say(text, client_id=text)
        assert heard == []
        for callback in callbacks:
            callback()
        (conversation, [message]), queued = heard
        stored = Message.objects.select_related("conversation").get(text=text)
        said = ("pk", "seq", "turn", "role", "text", "client_id", "created")
        place = ("pk", "public_id", "channel", "external_id", "last_seq", "last_turn", "last_active")
        assert [getattr(message, name) for name in said] == [getattr(stored, name) for name in said]
        assert [getattr(conversation, name) for name in place] == [getattr(stored.conversation, name) for name in place]
        assert queued == stored.conversation_id
        heard.clear()


def test_it_queues_what_is_sent_again_until_it_is_answered(live_model, heard):
    place = say("hello", client_id="a1")
    say("hello", client_id="a1")
    assert heard == [place.conversation_id]
    answer(place.conversation_id)
    say("hello", client_id="a1")
    assert heard == [place.conversation_id]


@pytest.mark.parametrize("name", ["client_id", "payload", "metadata"])
def test_it_keeps_what_comes_with_a_message_in_bounds(live_model, name):
    longest = {"client_id": "x" * 100, "payload": "x" * 1000, "metadata": {"x": "x" * (10_000 - len('{"x": ""}'))}}
    value = longest[name]
    longer = {"x": value["x"] + "x"} if name == "metadata" else value + "x"
    odd = [{"x": "a\x00"}, {"\ud800": 1}, {"x": float("inf")}, ["x"]] if name == "metadata" else ["a\x00", "\ud800"]
    for refused in (longer, *odd):
        with pytest.raises(BadMessage):
            say("hello", **{name: refused})
    assert not Message.objects.exists()
    say("hello", **{name: value})
    assert getattr(Message.objects.get(), name) == value


def test_it_takes_a_button_for_a_message_without_words(live_model):
    say("", payload="/yes")
    assert Message.objects.get().payload == "/yes"


def test_it_opens_a_conversation_once(live_model):
    opened = open_conversation(channel="widget", external_id="maria", site="s" * 300, locale="l" * 30)
    assert open_conversation(channel="widget", external_id="maria", site="elsewhere") == opened
    opened.refresh_from_db()
    assert (opened.site, opened.locale, opened.environment) == ("s" * 255, "l" * 20, production())
    assert receive(channel="widget", external_id="maria", text="hello").conversation_id == opened.pk
    with pytest.raises(BadMessage):
        open_conversation(channel="widget", external_id="")
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", EmptyMessage),
        (" \n\t", EmptyMessage),
        ("x" * 4001, MessageTooLong),
        ("a\x00b", BadMessage),
        ("\ud800", BadMessage),
    ],
)
def test_it_refuses_what_is_no_message(live_model, text, error):
    with pytest.raises(error):
        say(text)
    assert not Message.objects.exists()


def test_it_takes_the_longest_message(live_model):
    assert say("x" * 4000).seq == 1


@pytest.mark.parametrize("sender", ["", "x" * 256, "a\x00", "\ud800", None])
def test_it_refuses_a_sender_that_can_be_none(live_model, sender):
    with pytest.raises(BadMessage):
        say("hello", sender=sender)


@pytest.mark.parametrize("odd", ["a\x00", "\ud800"])
def test_it_keeps_no_odd_word_beside_a_message(live_model, odd):
    for place in ({"site": odd}, {"locale": odd}):
        with pytest.raises(BadMessage):
            open_conversation(channel="widget", external_id="maria", **place)
    assert not Conversation.objects.exists()
    talk = Conversation.objects.get(pk=say("hello").conversation_id)
    answer(talk.pk)
    with pytest.raises(FrontdeskError):
        give_feedback(conversation=talk, seq=2, value="down", reason=odd)


def test_it_takes_senders_of_one_to_255_characters(live_model):
    assert say("hello", sender="m").conversation_id != say("hello", sender="x" * 255).conversation_id


def test_it_pins_the_model_that_is_live_on_arrival(live_model):
    say("hello")
    assert Message.objects.get().model_version == live_model


def test_it_keeps_senders_apart_by_channel(live_model):
    say("hello")
    receive(channel="widget", external_id="maria", text="hello")
    assert Conversation.objects.count() == 2


def test_it_begins_one_conversation_however_many_messages_come_first(lasting_model):
    places = all_at_once(lambda number: say(f"text {number}", client_id=f"a{number}" if number % 2 else None))

    assert len({place.conversation_id for place in places}) == 1
    assert sorted(place.seq for place in places) == list(range(1, 9))
    assert sorted(turn for turn in Message.objects.values_list("turn", flat=True)) == list(range(1, 9))


def test_it_stores_a_message_once_however_often_it_comes_at_once(lasting_model):
    places = all_at_once(lambda number: say("hello", client_id="a1"))

    assert {(place.seq, place.turn) for place in places} == {(1, 1)}
    assert [place.new for place in places].count(True) == 1
    assert len(transcript()) == 1
