"""Examples as staff write them."""

from __future__ import annotations

from typing import Any

from assistant.engine.entity_markup import BadMarkup, parse_markup
from training.errors import BadExample


def parsed(line: str) -> tuple[str, list[dict[str, Any]]]:
    """A line in Rasa's markup. Raises BadExample."""
    try:
        return parse_markup(line)
    except BadMarkup as error:
        raise BadExample(f"“{line}”: {error}") from None
