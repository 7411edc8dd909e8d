"""JSON and text that every database can store. Python's own JSON reads and writes more than the standard has."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 50  # levels: what is nested deeper can be stored, but whoever reads it runs out of stack


def parse_json(text: str) -> Any:
    """Raises ValueError for what is not JSON, for a number beyond all floats (`1e400`), for half of a surrogate pair,
    which is no text, and for what is nested too deeply."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float, parse_int=_finite_int)
        too_deep = text.count("[") + text.count("{") > MAX_DEPTH and _depth_of(value) > MAX_DEPTH
    except RecursionError:
        too_deep = True
    if too_deep:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair fails here
    return value


def is_storable(value: Any) -> bool:
    """Neither infinite numbers nor NUL, which PostgreSQL can't store, nor half of a surrogate pair, nor too deep."""
    left = [(value, 1)]
    while left:
        part, depth = left.pop()
        if depth > MAX_DEPTH:
            return False
        if isinstance(part, dict):
            left += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list | tuple):
            left += [(inner, depth + 1) for inner in part]
        elif not _is_storable_scalar(part):
            return False
    return True


def is_storable_text(value: object) -> bool:
    """Neither NUL, which PostgreSQL can't store, nor half of a surrogate pair, which UTF-8 can't say."""
    if not isinstance(value, str) or "\x00" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _is_storable_scalar(value: object) -> bool:
    if isinstance(value, str):
        return is_storable_text(value)
    if isinstance(value, int | float):
        try:
            return math.isfinite(value)
        except OverflowError:  # a whole number beyond all floats
            return False
    return value is None


def _depth_of(value: Any) -> int:
    # Level by level: a recursive function would run out of stack.
    level, depth = [value], 0
    while level:
        level = [
            inner
            for part in level
            if isinstance(part, dict | list)
            for inner in (part.values() if isinstance(part, dict) else part)
        ]
        depth += 1
    return depth


def _finite_float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_constant(digits)


def _finite_int(digits: str) -> int:
    number = int(digits)
    _finite_float(digits)  # nothing that reads it as a float gets infinity
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
