"""Examples that contradict each other, or that a model which never saw them takes for something else.

Likely label errors are found as in confident learning (C. Northcutt, L. Jiang, I. Chuang, "Confident Learning:
Estimating Uncertainty in Dataset Labels", JAIR 70, 2021): a model that never saw an example is surer of another intent
than it usually is. There, each intent has a threshold, its mean confidence. A report does not keep the confidence of
what was guessed right, so one threshold stands for all here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from training.findings.types import CheckedData, CheckedExample, Finding, Kind, Severity

NEAR = 0.92  # cosine
SHOWN = 200  # pairs
BLOCK = 1024  # rows compared at a time: 1,024 by 20,000 similarities are 80 MB
# With 59 of 1,500 labels of CLINC150 put wrong, 42 are doubted, 36 of them rightly; of the starter's 1,182, which are
# right, 18 are. At 0.75 it is 50 with 41, and 32.
SURE = 0.85
CONFUSED_AT_LEAST = 3  # examples of one intent that are taken for another


def same_texts(data: CheckedData) -> Iterator[Finding]:
    """Word by word, under two intents."""
    groups = defaultdict[str, list[CheckedExample]](list)
    for example in data.rows:
        groups[example.alike].append(example)
    for same in groups.values():
        intents = tuple(dict.fromkeys(example.intent for example in same))
        if len(intents) > 1:
            listed = f"{', '.join(intents[:-1])} and {intents[-1]}"
            words = f"“{same[0].text}” is an example of {listed}. A model can't learn both."
            yield Finding(Kind.SAME_TEXT, Severity.WRONG, words, tuple(example.id for example in same), intents)


def near_texts(data: CheckedData) -> Iterator[Finding]:
    """Pairs of different intents, the nearest first."""
    for similarity, one, other in sorted(_near_pairs(data), key=lambda pair: -pair[0])[:SHOWN]:
        words = (
            f"“{one.text}” ({one.intent}) and “{other.text}” ({other.intent}) mean nearly the same: {similarity:.0%}."
        )
        yield Finding(Kind.NEAR, Severity.WEAK, words, (one.id, other.id), (one.intent, other.intent))


def likely_label_errors(data: CheckedData) -> Iterator[Finding]:
    """By the newest cross-validation. What staff confirmed is not doubted again."""
    examples = _by_text_and_intent(data)
    for error in data.errors:
        example, guessed = examples.get(_key(error)), str(error["guessed"])
        confidence = float(error["confidence"])
        if example and not example.confirmed and guessed in data.intents and confidence >= SURE:
            sure = f"A model that had not seen it is {confidence:.0%} sure of {guessed}."
            words = f"“{example.text}” stands under {example.intent}. {sure}"
            yield Finding(Kind.LABEL, Severity.DOUBTFUL, words, (example.id,), (example.intent, guessed))


def confused_intents(data: CheckedData) -> Iterator[Finding]:
    """Pairs, the most confused first."""
    examples = _by_text_and_intent(data)
    ids = defaultdict[tuple[str, str], list[int]](list)
    for error in data.errors:
        if example := examples.get(_key(error)):
            ids[str(error["right"]), str(error["guessed"])].append(example.id)
    for (right, guessed), count in Counter({pair: len(some) for pair, some in ids.items()}).most_common():
        if count >= CONFUSED_AT_LEAST and guessed in data.intents:
            words = (
                f"{count} examples of {right} are taken for {guessed}. Tell them apart by more examples, or merge them."
            )
            yield Finding(Kind.CONFUSED, Severity.WEAK, words, tuple(ids[right, guessed]), (right, guessed))


def _near_pairs(data: CheckedData) -> Iterator[tuple[float, CheckedExample, CheckedExample]]:
    # A text without letters, a 👍, has no embedding of its own.
    rows = {row.id: row for row in data.rows if any(map(str.isalpha, row.text))}
    places = [place for place, pk in enumerate(data.ids) if pk in rows]
    known = [rows[data.ids[place]] for place in places]
    vectors = data.vectors[places]
    numbers = {name: number for number, name in enumerate({row.intent for row in known})}
    intents = np.array([numbers[row.intent] for row in known])
    for start in range(0, len(known), BLOCK):
        similar = vectors[start : start + BLOCK] @ vectors.T
        similar[intents[start : start + BLOCK, None] == intents[None, :]] = 0
        for one, other in zip(*np.nonzero(similar >= NEAR), strict=True):
            left, right = known[start + one], known[other]
            # Each pair comes twice; the same words are found by `same_texts`.
            if start + one < other and left.alike != right.alike:
                yield float(similar[one, other]), left, right


def _by_text_and_intent(data: CheckedData) -> dict[tuple[str, str], CheckedExample]:
    return {(example.text, example.intent): example for example in data.rows}


def _key(error: Mapping[str, Any]) -> tuple[str, str]:
    return str(error["text"]), str(error["right"])
