"""A bot's files with what staff taught in place of what they say themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assistant.engine import Bundle
from training.bundles.reading import YAML, is_training_file, names_in
from training.bundles.renaming import changed, intent_of_payload
from training.bundles.sections import nlu_section, rules_section
from training.bundles.types import RenamedIntent, TrainingData
from training.bundles.yaml_documents import UnreadableYaml, read_yaml, write_yaml

TAUGHT = "data/taught.yml"
VERSION = "3.1"
OURS = ("intent", "synonym")
BUILT_IN = {"nlu_fallback", "session_start", "restart", "back", "out_of_scope"}
Data = dict[str, Any]


def build_bundle(files: Mapping[str, str], taught: TrainingData, changes: Sequence[RenamedIntent]) -> Bundle:
    """Comments and files that teach nothing stay as they are; so do regular expressions and lookup tables."""
    read = {path: _read(path, text) for path, text in files.items()}
    left = {path: _without_ours(path, changed(data, changes)) for path, data in read.items() if data is not None}
    domain = "domain.yml" if "domain.yml" in files else "domain/taught.yml"
    left[domain] = _extended(left.get(domain, {}), [data for path, data in left.items() if path != domain], taught)
    left[TAUGHT] = _taught(taught, left.get(TAUGHT, {}))
    written = {path: write_yaml(data) for path, data in left.items() if data != read.get(path) and data}
    gone = {path for path, data in left.items() if not data}
    return Bundle({**{path: text for path, text in files.items() if path not in gone}, **written})


def _read(path: str, text: str) -> Data | None:
    if not path.endswith(YAML) or not (is_training_file(path) or path == "config.yml"):
        return None
    try:
        return read_yaml(text)
    except UnreadableYaml:
        return None


def _without_ours(path: str, data: Data) -> Data:
    if not is_training_file(path):
        return data
    kept = {name: value for name, value in data.items() if name != "responses"}
    if isinstance(kept.get("nlu"), list):
        kept["nlu"] = [item for item in kept["nlu"] if not _is_ours(item)]
    emptied = {name for name in ("nlu", "rules", "stories", "intents") if name in kept and not kept[name]}
    kept = {name: value for name, value in kept.items() if name not in emptied}
    return kept if set(kept) - {"version"} or kept == data else {}


def _is_ours(item: Any) -> bool:
    return isinstance(item, dict) and any(name in item for name in OURS)


def _extended(domain: Data, others: Iterable[Data], taught: TrainingData) -> Data:
    """The domain with all responses, and with the intents and entities that no part of it has."""
    parts = [domain, *others]
    intents = _missing((name.partition("/")[0] for name in taught.intents), "intents", parts)
    named = (entity["entity"] for example in taught.examples for entity in example.entities)
    entities = _missing(named, "entities", parts)
    known = {name.partition("/")[0] for name in taught.intents} | BUILT_IN
    said = {name: [_with_living_buttons(it, known) for it in taught.responses[name]] for name in taught.responses}
    own = {"intents": _list(domain.get("intents")) + intents, "entities": _list(domain.get("entities")) + entities}
    extended = {"version": VERSION, **domain, **own, "responses": said}
    return {name: value for name, value in extended.items() if value or name in domain}


def _missing(names: Iterable[str], section: str, parts: Iterable[Data]) -> list[str]:
    there = {name for part in parts for name in names_in(part.get(section))}
    return [name for name in dict.fromkeys(names) if name not in there]


def _with_living_buttons(variation: Data, intents: set[str]) -> Data:
    """A button that names an intent that is gone says its title: the model makes of it what it can."""
    buttons = variation.get("buttons")
    if not isinstance(buttons, list):
        return variation
    return {**variation, "buttons": [_living(button, intents) for button in buttons]}


def _living(button: Any, intents: set[str]) -> Any:
    if not isinstance(button, dict) or not button.get("title"):
        return button
    named = intent_of_payload(button.get("payload")).partition("/")[0]
    return {**button, "payload": button["title"]} if named and named not in intents else button


def _taught(taught: TrainingData, there: Data) -> Data:
    """`there`: what a file of that name says already. It was exported from another installation."""
    answers = {name: answer for name, answer in taught.intents.items() if answer in taught.responses}
    rules = [rule for rule in rules_section(answers) if rule not in _list(there.get("rules"))]
    ours = {"nlu": nlu_section(taught.examples, taught.synonyms), "rules": rules}
    filled = {name: _list(there.get(name)) + section for name, section in ours.items()}
    sections = {**there, **{name: section for name, section in filled.items() if section}}
    return {"version": VERSION, **sections} if sections else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
