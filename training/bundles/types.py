"""What a bot is taught, as plain data: read from its files, or from the rows that staff edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Entity = dict[str, Any]
Variation = dict[str, Any]


@dataclass(frozen=True)
class TrainingExample:
    """`metadata`: as Rasa keeps it, `{"intent": ..., "example": ...}`. `source`: the file that it stands in."""

    intent: str
    text: str
    entities: Sequence[Entity] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class RenamedIntent:
    """An IntentChange."""

    old: str
    new: str
    keeps_rules: bool


@dataclass
class TrainingData:
    """`intents` and the response that answers each, empty where rules and stories decide; `synonyms`: value by text."""

    intents: dict[str, str] = field(default_factory=dict)
    examples: list[TrainingExample] = field(default_factory=list)
    responses: dict[str, list[Variation]] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
