"""What a project's rules, stories, forms and pipeline do with its training data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.bundles.reading import dictionaries_in, readable_files
from training.bundles.renaming import RenamedIntent, rename_in_file
from training.bundles.yaml_documents import UnreadableYaml, read_yaml, with_types

BUILT_IN_INTENTS = {"nlu_fallback", "session_start", "restart", "back", "out_of_scope"}
SAID_BY_THE_ENGINE = ("utter_default", "utter_ask_rephrase", "utter_ask_affirmation")
LEARN_ENTITIES = {"CRFEntityExtractor", "DIETClassifier", "MitieEntityExtractor"}  # from features, or not at all
MAPS_SYNONYMS = "EntitySynonymMapper"


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


@dataclass(frozen=True)
class Pipeline:
    """`learns_entities`: from examples in which they are marked. `maps_synonyms`: to the values that they mean."""

    learns_entities: bool = True
    maps_synonyms: bool = True


def usage_in(files: Mapping[str, str], renamed: Sequence[RenamedIntent] = ()) -> Usage:
    """By the names that intents have now. Files that can't be read use nothing."""
    answers, actions, filling = dict[str, str](), set(SAID_BY_THE_ENGINE), set[str]()
    handled, named = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for _path, content in readable_files(files):
        data = rename_in_file(content, renamed)
        actions.update(_asked_by_forms(data.get("forms")))
        filling.update(_filling_slots(data.get("slots")))
        for rule in rules_in(data):
            actions.update(rule.actions)
            for intent in rule.intents:
                named[intent].append(rule.name)
            # Staff write a plain answer themselves, so it does not stand in the way of another one.
            if answer := rule.plain_answer:
                answers[rule.intents[0]] = answer
                continue
            for intent in rule.begins_with:
                handled[intent].append(rule.name)
    return Usage(answers, dict(handled), dict(named), frozenset(actions), frozenset(filling))


def pipeline_in(files: Mapping[str, str]) -> Pipeline:
    """Of one that is not there or can't be read nothing bad is said: training names what is wrong."""
    try:
        items = dictionaries_in(with_types(read_yaml(files.get("config.yml", "")).get("pipeline", [])))
    except UnreadableYaml:
        return Pipeline()
    if not items:
        return Pipeline()
    names = {str(item.get("name")).rpartition(".")[2] for item in items if item.get("entity_recognition", True)}
    # Without features an extractor that learns has nothing to learn from.
    has_features = any(name.endswith("Featurizer") for name in names)
    return Pipeline(has_features and bool(names & LEARN_ENTITIES), MAPS_SYNONYMS in names)


@dataclass(frozen=True)
class Rule:
    """A rule or a story."""

    is_story: bool
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.content.get("rule") or self.content.get("story") or "")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """All of them, and the ways between which a step has an `or`."""
        steps = dictionaries_in(self.content["steps"])
        return [each for step in steps for each in (step, *dictionaries_in(step.get("or")))]

    @property
    def intents(self) -> list[str]:
        return [_intent_of(step) for step in self.steps if step.get("intent")]

    @property
    def actions(self) -> list[str]:
        return [str(step["action"]) for step in self.steps if step.get("action")]

    @property
    def plain_answer(self) -> str:
        """The response where a rule has an intent and that alone: staff can change it as the intent's answer."""
        steps = self.content["steps"]
        bare = not self.is_story and set(self.content) <= {"rule", "steps"} and len(steps) == 2
        if not bare or [list(step) for step in dictionaries_in(steps)] != [["intent"], ["action"]]:
            return ""
        action = str(steps[1]["action"])
        return action if action.startswith("utter_") else ""

    @property
    def begins_with(self) -> Sequence[str]:
        """A rule holds wherever its beginning does, so what begins with an action is about another moment."""
        if self.is_story:
            return list(dict.fromkeys(self.intents))
        first = self.content["steps"][0] if self.content["steps"] else None
        if not isinstance(first, dict):
            return ()
        return [_intent_of(way) for way in dictionaries_in(first.get("or", [first])) if way.get("intent")]


def rules_in(data: Mapping[str, Any]) -> Iterator[Rule]:
    """Of a file, its stories among them."""
    for section in ("rules", "stories"):
        for content in data.get(section) or ():
            if isinstance(content, dict) and isinstance(content.get("steps"), list):
                yield Rule(section == "stories", content)


def _intent_of(step: Mapping[str, Any]) -> str:
    return str(step["intent"]).lstrip("/")


def _asked_by_forms(forms: Any) -> Iterator[str]:
    """The responses that a form says by itself."""
    for name, form in forms.items() if isinstance(forms, dict) else ():
        slots = form.get("required_slots") if isinstance(form, dict) else None
        for slot in slots or ():
            yield from (f"utter_ask_{slot}", f"utter_ask_{name}_{slot}", f"utter_invalid_{slot}")


def _filling_slots(slots: Any) -> Iterator[str]:
    """The entities and intents that do."""
    for slot in slots.values() if isinstance(slots, dict) else ():
        for mapping in slot.get("mappings") or () if isinstance(slot, dict) else ():
            if isinstance(mapping, dict) and mapping.get("type") == "from_entity":
                yield str(mapping.get("entity"))
            if isinstance(mapping, dict) and mapping.get("type") == "from_intent":
                intents = mapping.get("intent")
                yield from map(str, intents if isinstance(intents, list) else [intents])
