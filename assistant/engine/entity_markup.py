"""Entities in Rasa's markup: `a [large](size) pizza`, `a [huge]{"entity": "size", "value": "large"} one`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

Entity = dict[str, Any]
KEPT = ("role", "group")
# As Rasa 3 reads it (`rasa.shared.nlu.training_data.entities_parser`).
MARKED = re.compile(
    r"\[(?P<text>[^\]]+?)\](?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<many>.*?)\])"
)
ONE_OF_MANY = re.compile(r"{([^}]+?)\}")
SIMPLE = re.compile(r"[\w.-]+")
INSTEAD_OF_BRACKETS = str.maketrans("[]", "［］")  # noqa: RUF001  of the same length


class BadMarkup(ValueError):
    pass


def parse_markup(marked: str) -> tuple[str, list[Entity]]:
    """The plain text, and its entities with offsets in it. Raises BadMarkup."""
    plain, entities, end = "", list[Entity](), 0
    for found in MARKED.finditer(marked):
        plain += marked[end : found.start()]
        text, end = found["text"], found.end()
        place = {"start": len(plain), "end": len(plain) + len(text)}
        for annotation in _annotations(found):
            kept = {name: str(annotation[name]) for name in KEPT if annotation.get(name)}
            value = annotation.get("value", text)
            entities.append({**place, "entity": annotation["entity"], "value": value, **kept})
        plain += text
    return plain + marked[end:], entities


def write_markup(text: str, entities: Sequence[Entity]) -> str:
    """What `parse_markup` reads as just that. Where brackets of the text would be read as markup, wide ones take their
    place: no tokenizer tells them apart."""
    written = _written(text, entities)
    if "[" not in written:
        return written
    try:
        reads_back = _comparable(*parse_markup(written)) == _comparable(text, entities)
    except BadMarkup:
        reads_back = False
    return written if reads_back else _written(text.translate(INSTEAD_OF_BRACKETS), entities)


def _annotations(found: re.Match[str]) -> Iterator[dict[str, Any]]:
    """What follows the marked text: `(size)`, `(size:large)`, `{"entity": ...}` or a list of such objects."""
    if found["entity"]:
        yield {"entity": found["entity"], **({"value": found["value"]} if found["value"] else {})}
    for inside in [found["one"]] if found["one"] else ONE_OF_MANY.findall(found["many"] or ""):
        text = f"{{{inside}}}"
        try:
            annotation = json.loads(text)
        except json.JSONDecodeError:
            raise BadMarkup(f"{text} is not JSON.") from None
        if not isinstance(annotation, dict) or not isinstance(annotation.get("entity"), str):
            raise BadMarkup(f"{text} names no entity.")
        yield annotation


def _comparable(text: str, entities: Sequence[Entity]) -> tuple[str, list[tuple[str, ...]]]:
    names = ("start", "end", "entity", "value", *KEPT)
    return text, sorted(tuple(str(entity.get(name) or "") for name in names) for entity in entities)


def _written(text: str, entities: Sequence[Entity]) -> str:
    parts, end = [], 0
    ordered = sorted(entities, key=lambda entity: (entity["start"], entity["end"], entity["entity"]))
    for (start, stop), group in groupby(ordered, key=lambda entity: (entity["start"], entity["end"])):
        marked, same = text[start:stop], list(group)
        first, written = same[0], [_as_json(entity, marked) for entity in same]
        plain = first.get("value", marked) == marked and not any(first.get(name) for name in KEPT)
        if len(same) > 1:
            annotation = f"[{', '.join(written)}]"
        elif plain and SIMPLE.fullmatch(first["entity"]):
            annotation = f"({first['entity']})"
        else:
            annotation = written[0]
        parts += [text[end:start], f"[{marked}]", annotation]
        end = stop
    return "".join([*parts, text[end:]])


def _as_json(entity: Entity, text: str) -> str:
    content = {"entity": entity["entity"], **{name: entity[name] for name in KEPT if entity.get(name)}}
    if entity.get("value", text) != text:
        content["value"] = entity["value"]
    inside = json.dumps(content, ensure_ascii=False)[1:-1]
    # Braces and brackets inside would end the markup: JSON has another way to write them.
    return "{" + re.sub(r"[\[\]{}]", lambda found: f"\\u{ord(found[0]):04x}", inside) + "}"
