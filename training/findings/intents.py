"""Intents that lack examples or an answer, and responses that nothing says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from training.findings.types import CheckedData, Finding, Kind, Severity

ENOUGH = 10  # examples
TOO_FEW = 2  # a model can't learn an intent from fewer, nor be cross-validated
GOOD = 0.8  # F1: an intent that is understood needs no more examples
BUILT_IN = {"nlu_fallback", "out_of_scope", "session_start", "restart", "back"}


def few_examples(data: CheckedData) -> Iterator[Finding]:
    counts = Counter(row.intent for row in data.rows)
    for name in sorted(counts):
        good = data.f1.get(name, 0.0) >= GOOD
        if counts[name] >= ENOUGH or (good and counts[name] >= TOO_FEW):
            continue
        known = f", and is understood badly (F1 {data.f1[name]:.2f})" if name in data.f1 else ""
        words = f"{name} has {_examples(counts[name])}{known}. {ENOUGH} or more teach it well."
        severity = Severity.WRONG if counts[name] < TOO_FEW else Severity.WEAK
        yield Finding(Kind.FEW, severity, words, (), (name,))


def without_examples(data: CheckedData) -> Iterator[Finding]:
    taught = {row.intent for row in data.rows} | {row.intent.partition("/")[0] for row in data.rows}
    for name in sorted((data.asked | set(data.intents)) - taught - BUILT_IN):
        ruled = name in data.asked
        words = f"{name} has no examples, so only buttons lead to it{', though rules or stories need it' * ruled}."
        yield Finding(Kind.NO_EXAMPLES, Severity.WEAK if ruled else Severity.TIDY, words, (), (name,))


def unanswered(data: CheckedData) -> Iterator[Finding]:
    for name in sorted({row.intent for row in data.rows} - BUILT_IN):
        if name not in data.answered and name.partition("/")[0] not in data.answered:
            words = f"Nothing answers {name}: no rule or story names it, and it has no answer."
            yield Finding(Kind.UNANSWERED, Severity.WRONG, words, (), (name,))


def unused_responses(data: CheckedData) -> Iterator[Finding]:
    """Those of retrieval intents (`utter_faq/hours`) are said by their action, `utter_faq`."""
    for name in sorted(data.responses):
        if name not in data.said and name.partition("/")[0] not in data.said:
            yield Finding(Kind.UNUSED_RESPONSE, Severity.TIDY, f"Nothing says {name}.", (), (), (name,))


def _examples(count: int) -> str:
    return "one example" if count == 1 else f"{count} examples"
