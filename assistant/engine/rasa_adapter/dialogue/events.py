"""Rasa's events: their kinds, and lists of them as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    LegacyForm,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUttered,
)

from assistant.engine.types import Json

# Events are compared by name: `isinstance` is slow for them, as they descend from ABC.
ACTION, BOT, SLOT, USER = (kind.type_name for kind in (ActionExecuted, BotUttered, SlotSet, UserUttered))
LOOP = frozenset({ActiveLoop.type_name, LegacyForm.type_name})
NEW_SESSION = frozenset({Restarted.type_name, SessionStarted.type_name})
# Every event repeats them, and the conversation knows them.
NOT_KEPT = ("model_id", "assistant_id")


def without_superseded(events: list[Event]) -> list[Event]:
    """What the bot said and slots that were overwritten before the next action leave no trace in a state."""
    kept: list[Event] = []
    later: set[str] = set()
    for event in reversed(events):
        if event.type_name == ACTION:
            later.clear()
        if event.type_name == BOT or (event.type_name == SLOT and event.key in later):
            continue
        if event.type_name == SLOT:
            later.add(event.key)
        kept.append(event)
    return kept[::-1]


def events_from_json(dictionaries: Sequence[Json]) -> list[Event]:
    """Rasa's events of their dictionaries."""
    return [event for event in map(Event.from_parameters, dictionaries) if event]


def event_to_json(event: Event) -> Json:
    """What a snapshot keeps of it."""
    json: Json = event.as_dict()
    if event.metadata:
        json["metadata"] = {key: value for key, value in event.metadata.items() if key not in NOT_KEPT}
    if event.type_name == USER:
        json["parse_data"] = essential_parse_data(json["parse_data"])
    return json


def essential_parse_data(parse_data: Json) -> Json:
    """Without the ranking and what else no state depends on."""
    return {key: parse_data[key] for key in ("text", "intent", "entities") if key in parse_data}
