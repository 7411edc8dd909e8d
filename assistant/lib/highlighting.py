"""Texts with their entities highlighted, for pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLORS = 6  # as in static/admin_ui/entities.js
Entity = Mapping[str, Any]


@dataclass(frozen=True)
class Piece:
    """A stretch of a text. `entity` is empty where it is none. `title` names the entity, its value where that is not
    the text itself, its role and its group."""

    text: str
    entity: str = ""
    title: str = ""

    @property
    def color(self) -> str:
        """Of the entity, as `colorOf` of entities.js has it."""
        return f"entity-{sum(map(ord, self.entity)) % COLORS}"


def highlight(text: str, entities: Sequence[Entity]) -> Iterator[Piece]:
    """The text as pieces, with and without an entity. Entities that overlap or have no place in it are left out."""
    end = 0
    placed = [it for it in entities if isinstance(it.get("start"), int) and isinstance(it.get("end"), int)]
    for it in sorted(placed, key=lambda entity: entity["start"]):
        begins, ends = it["start"], it["end"]
        if not end <= begins < ends <= len(text):
            continue
        if begins > end:
            yield Piece(text[end:begins])
        yield _entity_piece(it, text[begins:ends])
        end = ends
    if text[end:]:
        yield Piece(text[end:])


def value_as_text(value: Any) -> str:
    """An entity's value as people read it: a word, or JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _entity_piece(entity: Entity, words: str) -> Piece:
    name, value = str(entity.get("entity")), value_as_text(entity.get("value", words))
    more = [str(entity[part]) for part in ("role", "group") if entity.get(part)]
    return Piece(words, name, " · ".join([name if value == words else f"{name}: {value}", *more]))
