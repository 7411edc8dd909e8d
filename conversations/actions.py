"""What the assistant does in a conversation beyond saying a fixed text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile, islice, takewhile
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from conversations import services

Json = dict[str, Any]

CHOICES = 2
PLAUSIBLE = 0.15  # below this confidence a guess is worse than asking again


class ActionRequestHandoff(Action):
    """A person is asked for. Tried again, it asks once: the key is the turn's."""

    def name(self) -> str:
        return "action_request_handoff"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Json) -> list[Json]:
        key = f"{tracker.latest_message['metadata']['turn_key']}:{self.name()}"
        services.request_handoff(conversation=tracker.sender_id, key=key)
        dispatcher.utter_message(response="utter_handoff")
        return []


class ActionDefaultAskAffirmation(Action):
    """The first stage of Rasa's two-stage fallback: which of the likeliest intents was meant?"""

    safe_to_replay = True

    def name(self) -> str:
        return "action_default_ask_affirmation"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Json) -> list[Json]:
        guesses = _guesses(tracker.latest_message["intent_ranking"], domain["responses"])
        if not guesses:
            dispatcher.utter_message(response="utter_ask_rephrase")
            return []
        neither = {"title": "Neither" if len(guesses) > 1 else "No", "payload": "/out_of_scope"}
        dispatcher.utter_message(response="utter_ask_affirmation", buttons=[*guesses, neither])
        return []


class ActionDefaultAskRephrase(Action):
    """The second stage: other words help where a button said "neither", but not where the wish is none of ours."""

    safe_to_replay = True

    def name(self) -> str:
        return "action_default_ask_rephrase"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Json) -> list[Json]:
        chose_neither = (tracker.latest_message["text"] or "").startswith("/")
        dispatcher.utter_message(response="utter_ask_rephrase" if chose_neither else "utter_out_of_scope")
        return []


class ActionRepeat(Action):
    """The last answer once more."""

    safe_to_replay = True

    def name(self) -> str:
        return "action_repeat"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Json) -> list[Json]:
        answer = _last_answer(tracker.events)
        if not answer:
            dispatcher.utter_message(response="utter_help")
        for message in answer:
            dispatcher.utter_message(text=message["text"], buttons=message["data"].get("buttons"))
        return []


def _guesses(ranking: Iterable[Json], responses: Json) -> list[Json]:
    """Buttons for the likeliest intents that have a name in human words: a response `utter_means_<intent>`."""
    plausible = (intent["name"] for intent in ranking if intent["confidence"] >= PLAUSIBLE)
    named = ((name, responses[f"utter_means_{name}"]) for name in plausible if f"utter_means_{name}" in responses)
    return [{"title": means[0]["text"], "payload": f"/{name}"} for name, means in islice(named, CHOICES)]


def _last_answer(events: list[Json]) -> list[Json]:
    """All that the bot said between the last two messages of the person, oldest first."""
    since_answer = dropwhile(lambda event: event["event"] != "bot", reversed(events))
    since_question = takewhile(lambda event: event["event"] != "user", since_answer)
    return [event for event in since_question if event["event"] == "bot"][::-1]
