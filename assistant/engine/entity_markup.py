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
    parts, entities, end = [], list[Entity](), 0
    for found in MARKED.finditer(marked):
        parts.append(marked[end : found.start()])
        start = sum(map(len, parts))
        entities += [_entity(said, found["text"], start) for said in _said_of(found)]
        parts.append(found["text"])
        end = found.end()
    return "".join([*parts, marked[end:]]), entities


def write_markup(text: str, entities: Sequence[Entity]) -> str:
    """What `parse_markup` reads as just that. Where brackets of the text would be read as markup, wide ones take their
    place: no tokenizer tells them apart."""
    written = _written(text, entities)
    return written if _reads_as(written, text, entities) else _written(text.translate(INSTEAD_OF_BRACKETS), entities)


def _reads_as(written: str, text: str, entities: Sequence[Entity]) -> bool:
    if "[" not in written:
        return True
    try:
        plain, found = parse_markup(written)
    except BadMarkup:
        return False
    return plain == text and sorted(map(_whole, found)) == sorted(map(_whole, entities))


def _place(entity: Entity) -> tuple[int, int, str]:
    return entity["start"], entity["end"], entity["entity"]


def _whole(entity: Entity) -> tuple[str, ...]:
    return tuple(str(entity.get(name) or "") for name in ("start", "end", "entity", "value", *KEPT))


def _said_of(found: re.Match[str]) -> Iterator[dict[str, Any]]:
    if found["entity"]:
        yield {"entity": found["entity"], **({"value": found["value"]} if found["value"] else {})}
    for inside in [found["one"]] if found["one"] else ONE_OF_MANY.findall(found["many"] or ""):
        yield _json(f"{{{inside}}}")


def _json(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError:
        raise BadMarkup(f"{text} is not JSON.") from None
    if not isinstance(said, dict) or not isinstance(said.get("entity"), str):
        raise BadMarkup(f"{text} names no entity.")
    return said


def _entity(said: dict[str, Any], text: str, start: int) -> Entity:
    kept = {name: str(said[name]) for name in KEPT if said.get(name)}
    value = said.get("value", text)
    return {"start": start, "end": start + len(text), "entity": said["entity"], "value": value, **kept}


def _written(text: str, entities: Sequence[Entity]) -> str:
    parts, end = [], 0
    for (start, stop), same in groupby(sorted(entities, key=_place), key=lambda it: (it["start"], it["end"])):
        parts += [text[end:start], f"[{text[start:stop]}]", _said(list(same), text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def _said(entities: Sequence[Entity], text: str) -> str:
    if len(entities) > 1:
        return f"[{', '.join(_as_json(entity, text) for entity in entities)}]"
    entity = entities[0]
    plain = entity.get("value", text) == text and not any(entity.get(name) for name in KEPT)
    return f"({entity['entity']})" if plain and SIMPLE.fullmatch(entity["entity"]) else _as_json(entity, text)


def _as_json(entity: Entity, text: str) -> str:
    """Braces and brackets inside would end the markup: JSON has another way to write them."""
    said = {"entity": entity["entity"], **{name: entity[name] for name in KEPT if entity.get(name)}}
    if entity.get("value", text) != text:
        said["value"] = entity["value"]
    inside = json.dumps(said, ensure_ascii=False)[1:-1]
    return "{" + re.sub(r"[\[\]{}]", lambda found: f"\\u{ord(found[0]):04x}", inside) + "}"
