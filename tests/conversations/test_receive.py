"""A message comes in: stored once, in order, before anything else."""

import pytest

from assistant.lib.errors import FrontdeskError
from conversations.errors import BadMessage, EmptyMessage, KeyReused, MessageTooLong
from conversations.models import Conversation, Message
from conversations.services import answer, give_feedback, open_conversation, receive

pytestmark = pytest.mark.django_db


def say(text, sender="maria", **more):
    return receive(channel="rest", external_id=sender, text=text, **more)


def transcript(sender="maria"):
    rows = Message.objects.filter(conversation__external_id=sender).order_by("seq")
    return [(m.seq, m.role, m.text) for m in rows]


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
    say("hello", client_id="a1")
    with pytest.raises(KeyReused):
        say("goodbye", client_id="a1")


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


@pytest.mark.parametrize("sender", ["", "x" * 256, "a\x00"])
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


def test_it_pins_the_model_that_is_live_on_arrival(live_model):
    say("hello")
    assert Message.objects.get().model_version == live_model


def test_it_keeps_senders_apart_by_channel(live_model):
    say("hello")
    receive(channel="widget", external_id="maria", text="hello")
    assert Conversation.objects.count() == 2
