"""The training data in a bot's files: intents with their examples, responses and synonyms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.engine.entity_markup import BadMarkup, parse_markup
from training.bundles.renaming import RenamedIntent, current_name, rename_in_buttons
from training.bundles.yaml_documents import UnreadableYaml, as_list, read_yaml, storable_text, with_types

STRIPPED = "\n\r "  # what Rasa takes off the ends of an example
YAML = (".yml", ".yaml")


@dataclass(frozen=True)
class TrainingExample:
    """`metadata`: as Rasa keeps it, `{"intent": ..., "example": ...}`. `source`: the file that it stands in."""

    intent: str
    text: str
    entities: Sequence[dict[str, Any]] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass
class TrainingData:
    """Of a bot, as plain data: read from its files, or from the rows that staff edit. `intents` and the response that
    answers each, empty where rules and stories decide; `synonyms`: value by text."""

    intents: dict[str, str] = field(default_factory=dict)
    examples: list[TrainingExample] = field(default_factory=list)
    responses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)


def training_data_in(files: Mapping[str, str], renamed: Sequence[RenamedIntent] = ()) -> TrainingData:
    """With intents by the names that they have now. Files that can't be read have none: a training names them."""
    data, listed = TrainingData(), list[str]()
    for path, content in readable_files(files):
        for item in dictionaries_in(content.get("nlu")):
            _read_nlu_item(data, path, item, renamed)
        responses = content.get("responses")
        for name, variations in responses.items() if isinstance(responses, dict) else ():
            said = rename_in_buttons(dictionaries_in(with_types(variations)), renamed)
            data.responses.setdefault(storable_text(name), said)
        if not path.startswith("data/"):
            listed += [current_name(name, renamed) for name in names_in(content.get("intents"))]
    for name in listed:
        # A domain lists `faq` where the data have `faq/hours` and `faq/prices`.
        if name and not any(other.startswith(f"{name}/") for other in data.intents):
            data.intents.setdefault(name, "")
    return data


def readable_files(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The domain and the data, in the order of their paths."""
    for path in sorted(files):
        if path.endswith(YAML) and is_training_file(path):
            try:
                yield path, read_yaml(files[path])
            except UnreadableYaml:
                continue


def is_training_file(path: str) -> bool:
    """Not the pipeline, and not the project's own tests."""
    return path.startswith(("data/", "domain/", "domain."))


def names_in(listed: Any) -> list[str]:
    """Of a domain's list like `- greet` or `- greet: {use_entities: []}`."""
    names = (next(iter(item), "") if isinstance(item, dict) else item for item in as_list(listed))
    return [storable_text(str(name)) for name in names]


def dictionaries_in(listed: Any) -> list[dict[str, Any]]:
    return [item for item in as_list(listed) if isinstance(item, dict)]


def _read_nlu_item(data: TrainingData, path: str, item: Mapping[str, Any], renamed: Sequence[RenamedIntent]) -> None:
    if name := current_name(storable_text(str(item.get("intent") or "")), renamed):
        data.intents.setdefault(name, "")
        data.examples += _examples(name, path, item)
    elif item.get("synonym"):
        value = storable_text(item["synonym"])
        data.synonyms.update((storable_text(text), value) for text in _lines(item.get("examples")))


def _examples(intent: str, path: str, item: Mapping[str, Any]) -> Iterator[TrainingExample]:
    written: Iterable[tuple[str, Any]] = ((line, None) for line in _lines(item.get("examples")))
    if isinstance(item.get("examples"), list):
        entries = dictionaries_in(item["examples"])
        written = ((str(entry.get("text") or "").strip(STRIPPED), entry.get("metadata")) for entry in entries)
    shared = {"intent": with_types(item["metadata"])} if item.get("metadata") else {}
    for marked, own in written:
        try:
            text, entities = parse_markup(storable_text(marked))
        except BadMarkup:
            text, entities = storable_text(marked), []
        if text:
            metadata = {**shared, **({"example": with_types(own)} if own else {})}
            yield TrainingExample(intent, text, entities, metadata, path)


def _lines(block: Any) -> list[str]:
    lines = str(block or "").splitlines()
    return [line[1:].strip(STRIPPED) for line in lines if line.startswith("-")]
