"""Texts with their entities marked, for pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLORS = 6  # as in static/admin_ui/entities.js
Entity = Mapping[str, Any]


@dataclass(frozen=True)
class Piece:
    """A stretch of a text. `entity` is empty where it is none; `title`: also its value where that is another word,
    its role and its group."""

    text: str
    entity: str = ""
    title: str = ""

    @property
    def color(self) -> str:
        """Of the entity, as `colorOf` of entities.js has it."""
        return f"entity-{sum(map(ord, self.entity)) % COLORS}"


def highlight(text: str, entities: Sequence[Entity]) -> Iterator[Piece]:
    """What overlaps, lies outside or has no place in the text is left out."""
    end = 0
    placed = [it for it in entities if isinstance(it.get("start"), int) and isinstance(it.get("end"), int)]
    for it in sorted(placed, key=lambda entity: entity["start"]):
        begins, ends = it["start"], it["end"]
        if not end <= begins < ends <= len(text):
            continue
        if begins > end:
            yield Piece(text[end:begins])
        yield Piece(text[begins:ends], str(it.get("entity")), _title(it, text[begins:ends]))
        end = ends
    if text[end:]:
        yield Piece(text[end:])


def value_as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _title(entity: Entity, words: str) -> str:
    name, value = str(entity.get("entity")), value_as_text(entity.get("value", words))
    more = [str(entity[part]) for part in ("role", "group") if entity.get(part)]
    return " · ".join([name if value == words else f"{name}: {value}", *more])
