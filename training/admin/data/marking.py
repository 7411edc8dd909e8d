"""Texts with their entities, for pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from training.assembling.markup import BadMarkup, read_marked
from training.errors import BadExample

COLORS = 6  # as in static/admin_ui/entities.js


@dataclass(frozen=True)
class Piece:
    """`entity` is empty for words that are marked as nothing."""

    text: str
    entity: str = ""
    title: str = ""

    @property
    def color(self) -> str:
        return f"entity-{sum(map(ord, self.entity)) % COLORS}"


def pieces(text: str, entities: Sequence[dict[str, Any]]) -> Iterator[Piece]:
    end = 0
    for it in sorted(entities, key=lambda entity: entity["start"]):
        if it["start"] < end:
            continue
        yield Piece(text[end : it["start"]])
        yield Piece(text[it["start"] : it["end"]], it["entity"], _title(it, text))
        end = it["end"]
    yield Piece(text[end:])


def parsed(line: str) -> tuple[str, list[dict[str, Any]]]:
    """A line in Rasa's markup. Raises BadExample."""
    try:
        return read_marked(line)
    except BadMarkup as error:
        raise BadExample(f"“{line}”: {error}") from None


def _title(entity: dict[str, Any], text: str) -> str:
    words = text[entity["start"] : entity["end"]]
    value = entity.get("value", words)
    more = [str(entity[name]) for name in ("role", "group") if entity.get(name)]
    return " · ".join([entity["entity"], *([f"= {value}"] if value != words else []), *more])
