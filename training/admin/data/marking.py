"""Examples as staff write them."""

from __future__ import annotations

from typing import Any

from training.assembling.markup import BadMarkup, read_marked
from training.errors import BadExample


def parsed(line: str) -> tuple[str, list[dict[str, Any]]]:
    """A line in Rasa's markup. Raises BadExample."""
    try:
        return read_marked(line)
    except BadMarkup as error:
        raise BadExample(f"“{line}”: {error}") from None
