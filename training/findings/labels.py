"""What the newest cross-validation says about the labels.

Likely label errors are found as in confident learning (C. Northcutt, L. Jiang, I. Chuang, "Confident Learning:
Estimating Uncertainty in Dataset Labels", JAIR 70, 2021): a model that never saw an example is surer of another intent
than it usually is. There, each intent has a threshold, its mean confidence. A report does not keep the confidence of
what was guessed right, so one threshold stands for all here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from training.findings.types import CheckedData, CheckedExample, Finding, Kind, Severity

# With 59 of 1,500 labels of CLINC150 put wrong, 42 are doubted, 36 of them rightly; of the starter's 1,182, which are
# right, 18 are. At 0.75 it is 50 with 41, and 32.
SURE = 0.85
CONFUSED_AT_LEAST = 3  # examples of one intent that are taken for another


def likely_label_errors(data: CheckedData) -> Iterator[Finding]:
    rows = _rows(data)
    for error in data.errors:
        row, guessed, confidence = rows.get(_key(error)), str(error["guessed"]), float(error["confidence"])
        if row and not row.confirmed and guessed in data.intents and confidence >= SURE:
            sure = f"A model that had not seen it is {confidence:.0%} sure of {guessed}."
            words = f"“{row.text}” stands under {row.intent}. {sure}"
            yield Finding(Kind.LABEL, Severity.DOUBTFUL, words, (row.id,), (row.intent, guessed))


def confused_intents(data: CheckedData) -> Iterator[Finding]:
    """Pairs, the most confused first."""
    rows = _rows(data)
    pairs = Counter((str(error["right"]), str(error["guessed"])) for error in data.errors if _key(error) in rows)
    for (right, guessed), count in pairs.most_common():
        if count >= CONFUSED_AT_LEAST and guessed in data.intents:
            words = (
                f"{count} examples of {right} are taken for {guessed}. Tell them apart by more examples, or merge them."
            )
            ids = [rows[_key(it)].id for it in data.errors if _is(it, right, guessed) and _key(it) in rows]
            yield Finding(Kind.CONFUSED, Severity.WEAK, words, tuple(ids), (right, guessed))


def _rows(data: CheckedData) -> dict[tuple[str, str], CheckedExample]:
    return {(row.text, row.intent): row for row in data.rows}


def _key(error: Mapping[str, Any]) -> tuple[str, str]:
    return str(error["text"]), str(error["right"])


def _is(error: Mapping[str, Any], right: str, guessed: str) -> bool:
    return (error["right"], error["guessed"]) == (right, guessed)
