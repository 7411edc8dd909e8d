"""Dialogues with the starter assistant, through the real engine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Protocol

import pytest
import yaml
from django.conf import settings

pytestmark = pytest.mark.rasa

UNCLEAR = "the parcel thing"
STILL_UNCLEAR = "can you look into the thing"
OBSCURE = "the usual"


class Visitor(Protocol):
    def say(self, text: str) -> list[str]: ...


def test_it_greets(starter: Visitor) -> None:
    assert is_one_of(starter.say("good morning!"), "utter_greet")


def test_it_says_when_we_are_open(starter: Visitor) -> None:
    assert is_one_of(starter.say("what time do you open on weekdays?"), "utter_opening_hours")


def test_it_takes_a_button_as_its_intent(starter: Visitor) -> None:
    starter.say("hi")
    assert is_one_of(starter.say("/prices"), "utter_prices")


def test_it_calls_a_person(starter: Visitor) -> None:
    assert is_one_of(starter.say("I want to talk to a human"), "utter_handoff")


def test_it_goes_on_answering_after_it_called_a_person(starter: Visitor) -> None:
    starter.say("/talk_to_person")
    assert is_one_of(starter.say("where can I park?"), "utter_parking")


def test_it_keeps_what_it_does_not_understand_for_the_person_it_called(starter: Visitor) -> None:
    starter.say("/talk_to_person")
    assert is_one_of(starter.say(UNCLEAR), "utter_noted")
    assert is_one_of(starter.say(STILL_UNCLEAR), "utter_noted")


def test_it_calls_a_person_once_it_has_the_order_number(starter: Visitor) -> None:
    starter.say("where is my order?")
    assert is_one_of(starter.say("my order number is 48999"), "utter_handoff")


@pytest.mark.parametrize("grievance", ["/complaint", "/feedback_negative", "/insult", "/leave_details"])
def test_it_calls_a_person_when_its_offer_is_accepted(starter: Visitor, grievance: str) -> None:
    starter.say(grievance)
    assert is_one_of(starter.say("yes please"), "utter_handoff")


def test_it_takes_a_yes_to_nothing_as_a_beginning(starter: Visitor) -> None:
    assert is_one_of(starter.say("yes"), "utter_affirm")


def test_it_asks_which_of_two_was_meant_and_answers_the_chosen_one(starter: Visitor) -> None:
    assert is_one_of(starter.say(UNCLEAR), "utter_ask_affirmation")
    assert is_one_of(starter.say("/delivery"), "utter_delivery")


def test_it_asks_for_other_words_where_it_has_no_guess(starter: Visitor) -> None:
    assert is_one_of(starter.say(OBSCURE), "utter_ask_rephrase")


def test_it_answers_a_clear_question_asked_instead_of_choosing(starter: Visitor) -> None:
    starter.say(UNCLEAR)
    assert is_one_of(starter.say("what is your phone number?"), "utter_contact_details")


def test_it_asks_for_other_words_then_again_and_then_offers_a_person(starter: Visitor) -> None:
    starter.say(UNCLEAR)
    assert is_one_of(starter.say("/out_of_scope"), "utter_ask_rephrase")
    assert is_one_of(starter.say(STILL_UNCLEAR), "utter_ask_affirmation")
    assert is_one_of(starter.say("/out_of_scope"), "utter_default")


def test_it_offers_a_person_after_two_unclear_messages_in_a_row(starter: Visitor) -> None:
    starter.say(UNCLEAR)
    assert is_one_of(starter.say(STILL_UNCLEAR), "utter_default")


def test_it_starts_afresh_after_it_gave_up(starter: Visitor) -> None:
    starter.say(UNCLEAR)
    starter.say(STILL_UNCLEAR)
    assert is_one_of(starter.say("when are you open?"), "utter_opening_hours")


def test_it_says_that_a_question_is_not_its_own_instead_of_asking_for_other_words(starter: Visitor) -> None:
    starter.say(UNCLEAR)
    assert is_one_of(starter.say("will it rain tomorrow?"), "utter_out_of_scope")


@pytest.mark.parametrize("gibberish", ["qwertz uiop lkjh", "🦄🦄🦄", "!!!!", "?"])
def test_it_has_an_answer_to_gibberish(starter: Visitor, gibberish: str) -> None:
    assert all(starter.say(gibberish))
    assert is_one_of(starter.say("hello"), "utter_greet")


def test_it_repeats_its_last_answer(starter: Visitor) -> None:
    answer = starter.say("/delivery")
    assert starter.say("can you say that again?") == answer
    assert starter.say("/repeat") == answer


def test_it_explains_itself_when_there_is_nothing_to_repeat(starter: Visitor) -> None:
    assert is_one_of(starter.say("/repeat"), "utter_help")


def is_one_of(replies: list[str], response: str) -> bool:
    return len(replies) == 1 and replies[0] in texts()[response]


@lru_cache
def texts() -> dict[str, list[str]]:
    """The variations of every response."""
    files = [Path(settings.BASE_DIR) / skill / "bot/domain.yml" for skill in settings.ASSISTANT_SKILLS]
    domains = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return {name: [v["text"] for v in said] for domain in domains for name, said in domain["responses"].items()}
