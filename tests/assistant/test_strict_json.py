"""What every database can keep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.lib.strict_json import MAX_DEPTH, is_storable, is_storable_text, parse_json


def nested(levels: int, inner: Any = 1) -> Any:
    for level in range(levels):
        inner = {"in": inner} if level % 2 else [inner]
    return inner


def written(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("text", ["", "a", "\ud7ff\ue000", "😀", "é" * 5000])
def test_it_takes_text(text: str) -> None:
    assert is_storable_text(text)
    assert is_storable({text: [text, {"x": text}]})


@pytest.mark.parametrize("odd", ["\x00", "a\x00b", "\ud800", "a\udfff", "é\ud83d", None, 7, b"a", ["a"]])
def test_it_takes_nothing_else_for_text(odd: object) -> None:
    assert not is_storable_text(odd)


@pytest.mark.parametrize("value", [None, True, 0, -1.5, 10**300, "a", [], {}, (), [[], {}, (1, "a")], {"a": None}])
def test_it_keeps_json(value: Any) -> None:
    assert is_storable(value)
    assert is_storable([1, {"a": value}])


@pytest.mark.parametrize(
    "odd", [float("nan"), float("inf"), float("-inf"), 10**400, "\x00", "\ud800", b"a", {1}, object(), {"\x00": 1}]
)
def test_it_keeps_nothing_else_wherever_it_is(odd: Any) -> None:
    for value in (odd, [odd], {"a": odd}, (1, odd), {"a": [{"b": odd}, 1]}):
        assert not is_storable(value)


def test_it_says_how_deep_is_too_deep() -> None:
    assert is_storable(nested(MAX_DEPTH - 1))
    assert not is_storable(nested(MAX_DEPTH))  # the innermost counts
    assert parse_json(written(MAX_DEPTH)) is not None
    assert parse_json("[" + ",".join(["{}"] * 2 * MAX_DEPTH) + "]") == [{}] * 2 * MAX_DEPTH
    for begin, end in (("[", "]"), ('{"a": ', "}")):
        inner = MAX_DEPTH - 2
        assert parse_json(f"[[], {begin * inner}[]{end * inner}]")[0] == []
        with pytest.raises(ValueError, match="deeper"):
            parse_json(f"[[], {begin * (inner + 1)}[]{end * (inner + 1)}]")
    with pytest.raises(ValueError, match="deeper"):
        parse_json(written(100_000))


@pytest.mark.parametrize("text", ['{"a": [1, -2.5, 1e300, "é", "\\ud83d\\ude00", null, true]}', "0", '""'])
def test_it_reads_json(text: str) -> None:
    assert parse_json(text) == json.loads(text)
    assert is_storable(parse_json(text))


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", "[-Infinity]", '{"a": 1e400}', "-1e400", "9" * 400, "9" * 5000, r'"\ud800"', r'{"\udfff": 1}'],
)
def test_it_reads_nothing_else(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of many kinds
        parse_json(text)
