"""What changes are called in the audit log. Each app says it of its own models, in its `audit_phrases.py`:

    register_phrases("booking", Phrases(name="a booking", fields={"cancelled": "cancelled a booking"}))

The `AppConfig.ready` of the app imports that module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Phrases:
    """The words of one model. Where they say nothing of a change, its action and the model's name do."""

    name: str = ""
    """With its article, where it is not the model's own name."""
    fields: Mapping[str, str | Mapping[Any, str]] = field(default_factory=dict)
    """What a change of a field is; by the new value where that matters, None for any other value."""
    said_of_any_action: frozenset[str] = frozenset()
    """Those of `fields` that say what happened also where the row was added or deleted."""
    hidden: frozenset[str] = frozenset()
    """Fields whose phrase says it all, so that before and after are not shown."""
    seen_on: str = ""
    """The foreign key to the row on whose page it is seen, where it has no page of its own."""


_phrases: dict[str, Phrases] = {}


def register_phrases(model: str, phrases: Phrases) -> None:
    """`model`: its name in lower case, as content types have it."""
    _phrases[model] = phrases


def phrases_of(model: str) -> Phrases:
    """Empty ones for a model of which nobody said anything, such as a library's."""
    return _phrases.get(model, Phrases())
