"""What a project's rules, stories and forms do with intents and responses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.bundles.reading import readable
from training.bundles.renaming import changed
from training.bundles.types import RenamedIntent

SAID_BY_THE_ENGINE = ("utter_default", "utter_ask_rephrase", "utter_ask_affirmation")
Path = dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """By intent: `answers`, the response that a plain rule gives, one of the intent and the response alone; `handled`,
    the rules that begin with it and do more, and the stories that have it; `named`, all rules and stories that name it.
    `actions` (responses among them) are done somewhere, `filling` entities and intents fill slots."""

    answers: Mapping[str, str] = field(default_factory=dict)
    handled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    filling: frozenset[str] = frozenset()


def usage_in(files: Mapping[str, str], changes: Sequence[RenamedIntent] = ()) -> Usage:
    answers, actions, filling = dict[str, str](), set(SAID_BY_THE_ENGINE), set[str]()
    handled, named = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for data in (changed(data, changes) for _, data in readable(files)):
        actions.update(_asked_by_forms(data.get("forms")))
        filling.update(_filling(data.get("slots")))
        for kind, path in _paths(data):
            intents = [_intent(step) for step in _steps(path) if step.get("intent")]
            actions.update(str(step["action"]) for step in _steps(path) if step.get("action"))
            for name in intents:
                named[name].append(_name(path))
            if answer := _plain_answer(kind, path):
                answers[intents[0]] = answer
                continue
            for name in _begun_with(kind, path, intents):
                handled[name].append(_name(path))
    return Usage(answers, dict(handled), dict(named), frozenset(actions), frozenset(filling))


def _begun_with(kind: str, path: Path, intents: Sequence[str]) -> Sequence[str]:
    """A rule holds wherever its beginning does, so what begins with an action is about another moment."""
    if kind == "story":
        return list(dict.fromkeys(intents))
    first = path["steps"][0] if path["steps"] else None
    if not isinstance(first, dict):
        return ()
    return [_intent(way) for way in first.get("or", [first]) if isinstance(way, dict) and way.get("intent")]


def _name(path: Path) -> str:
    return str(path.get("rule") or path.get("story") or "")


def _paths(data: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    for kind, section in (("rule", "rules"), ("story", "stories")):
        for path in data.get(section) or ():
            if isinstance(path, dict) and isinstance(path.get("steps"), list):
                yield kind, path


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    for step in path["steps"]:
        if isinstance(step, dict):
            yield step
            yield from (way for way in step.get("or") or () if isinstance(way, dict))


def _intent(step: Mapping[str, Any]) -> str:
    return str(step["intent"]).lstrip("/")


def _plain_answer(kind: str, path: Path) -> str:
    steps = path["steps"]
    plain = kind == "rule" and set(path) <= {"rule", "steps"} and len(steps) == 2
    if not plain or [list(step) for step in steps if isinstance(step, dict)] != [["intent"], ["action"]]:
        return ""
    action = str(steps[1]["action"])
    return action if action.startswith("utter_") else ""


def _asked_by_forms(forms: Any) -> Iterator[str]:
    for name, form in forms.items() if isinstance(forms, dict) else ():
        slots = form.get("required_slots") if isinstance(form, dict) else None
        for slot in slots or ():
            yield from (f"utter_ask_{slot}", f"utter_ask_{name}_{slot}", f"utter_invalid_{slot}")


def _filling(slots: Any) -> Iterator[str]:
    for slot in slots.values() if isinstance(slots, dict) else ():
        for mapping in slot.get("mappings") or () if isinstance(slot, dict) else ():
            if isinstance(mapping, dict) and mapping.get("type") == "from_entity":
                yield str(mapping.get("entity"))
            if isinstance(mapping, dict) and mapping.get("type") == "from_intent":
                intents = mapping.get("intent")
                yield from map(str, intents if isinstance(intents, list) else [intents])
