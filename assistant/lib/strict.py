"""JSON that every database can keep. Python's own reads and writes more than the standard has."""

from __future__ import annotations

import json
import math
from typing import Any


def parsed(text: str) -> Any:
    """Raises ValueError or RecursionError for what is not JSON, for a number beyond all floats (`1e400`), and for half
    of a surrogate pair, which is no text."""
    value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def can_be_kept(value: Any) -> bool:
    """Neither infinite numbers nor NUL, which PostgreSQL can't store."""
    try:
        written = json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return "\\u0000" not in written


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
