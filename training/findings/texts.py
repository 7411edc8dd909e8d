"""Texts that stand under two intents, word by word or in meaning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from training.findings.types import CheckedData, CheckedExample, Finding, Kind, Severity

NEAR = 0.92  # cosine
SHOWN = 200  # pairs
BLOCK = 1024  # rows compared at a time: 1,024 by 20,000 similarities are 80 MB


def same_texts(data: CheckedData) -> Iterator[Finding]:
    groups = defaultdict[str, list[CheckedExample]](list)
    for row in data.rows:
        groups[row.alike].append(row)
    for rows in groups.values():
        intents = tuple(dict.fromkeys(row.intent for row in rows))
        if len(intents) > 1:
            words = f"“{rows[0].text}” is an example of {_listed(intents)}. A model can't learn both."
            yield Finding(Kind.SAME_TEXT, Severity.WRONG, words, tuple(row.id for row in rows), intents)


def near_texts(data: CheckedData) -> Iterator[Finding]:
    """Pairs of different intents, the nearest first. A text without letters, a 👍, has no embedding of its own."""
    rows = {row.id: row for row in data.rows if any(map(str.isalpha, row.text))}
    places = [place for place, pk in enumerate(data.ids) if pk in rows]
    known = [rows[data.ids[place]] for place in places]
    for similarity, one, other in sorted(_pairs(data, places, known), key=lambda pair: -pair[0])[:SHOWN]:
        words = (
            f"“{one.text}” ({one.intent}) and “{other.text}” ({other.intent}) mean nearly the same: {similarity:.0%}."
        )
        yield Finding(Kind.NEAR, Severity.WEAK, words, (one.id, other.id), (one.intent, other.intent))


def _pairs(
    data: CheckedData, places: list[int], known: list[CheckedExample]
) -> Iterator[tuple[float, CheckedExample, CheckedExample]]:
    vectors = data.vectors[places]
    numbers = {name: number for number, name in enumerate({row.intent for row in known})}
    intents = np.array([numbers[row.intent] for row in known])
    for start in range(0, len(known), BLOCK):
        similar = vectors[start : start + BLOCK] @ vectors.T
        similar[intents[start : start + BLOCK, None] == intents[None, :]] = 0
        for one, other in zip(*np.nonzero(similar >= NEAR), strict=True):
            left, right = known[start + one], known[other]
            if start + one < other and left.alike != right.alike:
                yield float(similar[one, other]), left, right


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
