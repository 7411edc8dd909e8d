"""How well a version did, in numbers. Pure: guesses go in, plain data that goes into JSON comes out.

Intervals are Wilson's score intervals at 95 % (E. B. Wilson, JASA 22, 1927). F1 is a monotone function of the share
J = TP / (TP + FP + FN), namely 2J / (1 + J), so its interval is that of J carried over.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from assistant.engine import Guess

Report = dict[str, Any]
Interval = list[float]
"""A share and the ends of its interval: `[value, low, high]`."""
Z = 1.959963984540054  # the normal distribution's 97.5th percentile


def report_of(guesses: Sequence[Guess]) -> Report:
    """`intents`: by name, with counts and `[value, low, high]` of precision, recall and F1 (None: nothing to divide
    by). `labels`: what `confusion` (`[right, guessed, count]`) and `messages` (`[key, right, guessed]`) point into.
    `errors`: the most confident first. `entities`: counts by name."""
    pairs = Counter((guess.right.intent, guess.intent) for guess in guesses)
    labels = sorted({name for pair in pairs for name in pair})
    place = {name: index for index, name in enumerate(labels)}
    intents = [row for name in labels if (row := _intent(name, pairs))["support"] or row["guessed"]]
    right = sum(count for (is_, said), count in pairs.items() if is_ == said)
    return {
        "count": len(guesses),
        "right": right,
        "accuracy": proportion(right, len(guesses)),
        "macro_f1": _macro_f1(intents),
        "intents": intents,
        "labels": labels,
        "confusion": [[place[is_], place[said], count] for (is_, said), count in sorted(pairs.items())],
        "errors": _errors(guesses),
        "entities": _entities(guesses),
        "messages": [[key_of(g.right.text), place[g.right.intent], place[g.intent]] for g in guesses],
    }


def proportion(right: int, of: int) -> Interval | None:
    """Wilson's interval of a proportion."""
    if not of:
        return None
    value, spread = right / of, Z * Z / of
    middle = (value + spread / 2) / (1 + spread)
    half = Z * sqrt(value * (1 - value) / of + spread / (4 * of)) / (1 + spread)
    return _rounded(value, max(0.0, middle - half), min(1.0, middle + half))


def f1(hits: int, wrong: int, missed: int) -> Interval | None:
    jaccard = proportion(hits, hits + wrong + missed)
    return _rounded(*(2 * part / (1 + part) for part in jaccard)) if jaccard else None


def key_of(text: str) -> str:
    """Names a message in reports that are compared."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rounded(*parts: float) -> Interval:
    return [round(part, 6) for part in parts]


def _intent(name: str, pairs: Counter[tuple[str, str]]) -> Report:
    hits = pairs[name, name]
    support = sum(count for (is_, _), count in pairs.items() if is_ == name)
    guessed = sum(count for (_, said), count in pairs.items() if said == name)
    return {
        "name": name,
        "support": support,
        "guessed": guessed,
        "hits": hits,
        "precision": proportion(hits, guessed),
        "recall": proportion(hits, support),
        "f1": f1(hits, guessed - hits, support - hits),
    }


def _macro_f1(intents: Sequence[Report]) -> float | None:
    """The mean over the intents that some message has; what was only guessed shows in the others' numbers."""
    values = [row["f1"][0] for row in intents if row["support"]]
    return round(sum(values) / len(values), 6) if values else None


def _errors(guesses: Sequence[Guess]) -> list[Report]:
    wrong = sorted((g for g in guesses if g.intent != g.right.intent), key=lambda g: (-g.confidence, g.right.text))
    return [
        {
            "text": guess.right.text,
            "right": guess.right.intent,
            "guessed": guess.intent,
            "confidence": round(guess.confidence, 4),
            "ranking": [[str(r.get("name")), round(float(r.get("confidence") or 0), 4)] for r in guess.ranking[:5]],
        }
        for guess in wrong
    ]


def _entities(guesses: Sequence[Guess]) -> list[Report]:
    """An entity is found where name, start and end are right."""
    found: dict[str, Counter[str]] = {}
    for guess in guesses:
        is_, said = _spans(guess.right.entities), _spans(guess.entities)
        for kind, spans in (("found", is_ & said), ("missed", is_ - said), ("invented", said - is_)):
            for name, *_ in spans:
                found.setdefault(name, Counter())[kind] += 1
    return [
        {"name": name, **{kind: counts[kind] for kind in ("found", "missed", "invented")}}
        for name, counts in sorted(found.items())
    ]


def _spans(entities: Sequence[dict[str, Any]]) -> set[tuple[str, int, int]]:
    return {(str(each.get("entity")), int(each.get("start", -1)), int(each.get("end", -1))) for each in entities}


# --- two reports side by side


@dataclass(frozen=True)
class ChangedGuess:
    """A message that one version got right and the other did not."""

    text: str
    right: str
    guessed: str
    better: bool


@dataclass(frozen=True)
class ReportComparison:
    """Two versions on the messages that both were asked and neither was trained on. `intents`: name, messages, recall
    before and after."""

    shared: int
    left: Interval | None
    right: Interval | None
    changes: Sequence[ChangedGuess]
    intents: Sequence[tuple[str, int, float, float]]

    @property
    def better(self) -> int:
        return sum(change.better for change in self.changes)

    @property
    def worse(self) -> int:
        return len(self.changes) - self.better

    @property
    def may_be_chance(self) -> bool:
        """The sign test, two-sided at 5 %, on the messages that changed."""
        return _sign_test(min(self.better, self.worse), len(self.changes)) > 0.05


def compare_reports(left: Report, right: Report) -> ReportComparison:
    before, after = _said(left), _said(right)
    shared = sorted(before.keys() & after.keys())
    texts = {(key_of(e["text"]), e["right"]): e for report in (left, right) for e in report["errors"]}
    changes = [
        ChangedGuess(texts[at]["text"], at[1], texts[at]["guessed"], after[at])
        for at in shared
        if before[at] != after[at] and at in texts
    ]
    return ReportComparison(
        len(shared),
        proportion(sum(before[at] for at in shared), len(shared)),
        proportion(sum(after[at] for at in shared), len(shared)),
        sorted(changes, key=lambda change: (change.better, change.right, change.text)),
        _by_intent(shared, before, after),
    )


def _said(report: Report) -> dict[tuple[str, str], bool]:
    """By message and its right intent: whether it was guessed."""
    return {(key, report["labels"][is_]): is_ == said for key, is_, said in report["messages"]}


def _by_intent(
    shared: Sequence[tuple[str, str]], before: dict[tuple[str, str], bool], after: dict[tuple[str, str], bool]
) -> list[tuple[str, int, float, float]]:
    """The most changed first."""
    count = Counter(at[1] for at in shared)
    was, is_ = (Counter(at[1] for at in shared if said[at]) for said in (before, after))
    rows = [(name, of, was[name] / of, is_[name] / of) for name, of in count.items()]
    return sorted(rows, key=lambda row: (row[3] - row[2], row[0]))


def _sign_test(fewer: int, of: int) -> float:
    from math import comb

    return min(1.0, 2 * sum(comb(of, wins) for wins in range(fewer + 1)) / 2**of)
