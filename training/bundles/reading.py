"""What a bot's files teach: the intents with their examples, responses and synonyms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assistant.engine.entity_markup import BadMarkup, parse_markup
from training.bundles.renaming import current_name, rename_in_buttons
from training.bundles.types import RenamedIntent, TrainingData, TrainingExample
from training.bundles.yaml_documents import UnreadableYaml, clean, read_yaml, typed

STRIPPED = "\n\r "  # what Rasa takes off the ends of an example
YAML = (".yml", ".yaml")


def training_data_in(files: Mapping[str, str], changes: Sequence[RenamedIntent] = ()) -> TrainingData:
    """With intents by the names that they have now. Files that can't be read teach nothing: training names them."""
    taught, listed = TrainingData(), list[str]()
    for path, data in readable(files):
        for item in _items(data.get("nlu")):
            _read_item(taught, path, item, changes)
        for name, variations in _named(data.get("responses")):
            taught.responses.setdefault(clean(name), rename_in_buttons(_variations(variations), changes))
        if not path.startswith("data/"):
            listed += [current_name(name, changes) for name in names_in(data.get("intents"))]
    for name in listed:
        if name and not any(other.startswith(f"{name}/") for other in taught.intents):
            taught.intents.setdefault(name, "")
    return taught


def readable(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The domain and the data, in the order of their paths."""
    for path in sorted(files):
        if path.endswith(YAML) and is_training_file(path):
            try:
                yield path, read_yaml(files[path])
            except UnreadableYaml:
                continue


def is_training_file(path: str) -> bool:
    return path.startswith(("data/", "domain/", "domain."))


def names_in(intents: Any) -> list[str]:
    """Of a domain's list like `- greet` or `- greet: {use_entities: []}`."""
    return [clean(str(next(iter(item), ""))) if isinstance(item, dict) else clean(str(item)) for item in _list(intents)]


def _read_item(taught: TrainingData, path: str, item: Mapping[str, Any], changes: Sequence[RenamedIntent]) -> None:
    if name := current_name(clean(str(item.get("intent") or "")), changes):
        taught.intents.setdefault(name, "")
        taught.examples += _examples(name, path, item)
    elif item.get("synonym"):
        for text in _lines(item.get("examples")):
            taught.synonyms[clean(text)] = clean(item["synonym"])


def _examples(intent: str, path: str, item: Mapping[str, Any]) -> Iterator[TrainingExample]:
    shared = {"intent": typed(item["metadata"])} if item.get("metadata") else {}
    for marked, own in _written(item.get("examples")):
        try:
            text, entities = parse_markup(clean(marked))
        except BadMarkup:
            text, entities = clean(marked), []
        if text:
            metadata = {**shared, **({"example": typed(own)} if own else {})}
            yield TrainingExample(intent, text, entities, metadata, path)


def _written(examples: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(examples, list):
        found = [it for it in examples if isinstance(it, dict)]
        return [(str(it.get("text") or "").strip(STRIPPED), it.get("metadata")) for it in found]
    return [(line, None) for line in _lines(examples)]


def _lines(block: Any) -> list[str]:
    lines = str(block or "").splitlines()
    return [line[1:].strip(STRIPPED) for line in lines if line.startswith("-")]


def _variations(value: Any) -> list[dict[str, Any]]:
    return [item for item in typed(_list(value)) if isinstance(item, dict)]


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
