"""How well a version did, in numbers. Pure: guesses go in, plain data that goes into JSON comes out.

Intervals are Wilson's score intervals at 95 % (E. B. Wilson, JASA 22, 1927). F1 is a monotone function of the share
J = TP / (TP + FP + FN), namely 2J / (1 + J), so its interval is that of J carried over.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engine import Guess

Report = dict[str, Any]
Interval = list[float]
"""A share and the ends of its interval: `[value, low, high]`."""
ERROR_RANKS = 5  # intents of an error's ranking that a report keeps


def report_of(guesses: Sequence[Guess]) -> Report:
    """`intents`: by name, with counts and `[value, low, high]` of precision, recall and F1 (None: nothing to divide
    by). `labels`: what `confusion` (`[right, guessed, count]`) and `messages` (`[key, right, guessed]`) point into.
    `errors`: the most confident first. `entities`: counts by name."""
    pairs = Counter((guess.right.intent, guess.intent) for guess in guesses)
    labels = sorted({name for pair in pairs for name in pair})
    place = {name: index for index, name in enumerate(labels)}
    intents = intent_scores(pairs)
    # The mean over the intents that some message has; what was only guessed shows in the others' numbers.
    f1_values = [row["f1"][0] for row in intents if row["support"]]
    right = sum(count for (intent, guessed), count in pairs.items() if intent == guessed)
    return {
        "count": len(guesses),
        "right": right,
        "accuracy": proportion(right, len(guesses)),
        "macro_f1": round(sum(f1_values) / len(f1_values), 6) if f1_values else None,
        "intents": intents,
        "labels": labels,
        "confusion": [[place[intent], place[guessed], count] for (intent, guessed), count in sorted(pairs.items())],
        "errors": errors_in(guesses),
        "entities": entity_counts(guesses),
        "messages": [[key_of(g.right.text), place[g.right.intent], place[g.intent]] for g in guesses],
    }


def intent_scores(pairs: Mapping[tuple[str, str], int]) -> list[Report]:
    """By name. `pairs`: how often a right intent was guessed as which."""
    support, guessed = Counter[str](), Counter[str]()
    for (intent, guess), count in pairs.items():
        support[intent] += count
        guessed[guess] += count
    rows = []
    for name in sorted({*support, *guessed}):
        hits = pairs.get((name, name), 0)
        rows.append(
            {
                "name": name,
                "support": support[name],
                "guessed": guessed[name],
                "hits": hits,
                "precision": proportion(hits, guessed[name]),
                "recall": proportion(hits, support[name]),
                "f1": f1(hits, guessed[name] - hits, support[name] - hits),
            }
        )
    return rows


def entity_counts(guesses: Sequence[Guess]) -> list[Report]:
    """By name. An entity is found where name, start and end are right."""
    counts = defaultdict[str, Counter[str]](Counter)
    for guess in guesses:
        right, guessed = _spans(guess.right.entities), _spans(guess.entities)
        for kind, spans in (("found", right & guessed), ("missed", right - guessed), ("invented", guessed - right)):
            for name, _start, _end in spans:
                counts[name][kind] += 1
    kinds = ("found", "missed", "invented")
    return [{"name": name, **{kind: counts[name][kind] for kind in kinds}} for name in sorted(counts)]


def errors_in(guesses: Sequence[Guess]) -> list[Report]:
    """The most confident first."""
    wrong = sorted((g for g in guesses if g.intent != g.right.intent), key=lambda g: (-g.confidence, g.right.text))
    return [
        {
            "text": guess.right.text,
            "right": guess.right.intent,
            "guessed": guess.intent,
            "confidence": round(guess.confidence, 4),
            "ranking": [
                [str(rank.get("name")), round(float(rank.get("confidence") or 0), 4)]
                for rank in guess.ranking[:ERROR_RANKS]
            ],
        }
        for guess in wrong
    ]


def proportion(right: int, of: int) -> Interval | None:
    """With Wilson's interval; None where there is nothing to divide by."""
    if not of:
        return None
    from scipy.stats import binomtest  # here: it takes a second to import

    # Tested against itself, for only the interval is wanted: the test's own result would take longer.
    interval = binomtest(right, of, right / of).proportion_ci(method="wilson")
    return _rounded(right / of, interval.low, interval.high)


def f1(hits: int, wrong: int, missed: int) -> Interval | None:
    jaccard = proportion(hits, hits + wrong + missed)
    return _rounded(*(2 * part / (1 + part) for part in jaccard)) if jaccard else None


def key_of(text: str) -> str:
    """Names a message in reports that are compared."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _spans(entities: Sequence[Mapping[str, Any]]) -> set[tuple[str, int, int]]:
    return {(str(each.get("entity")), int(each.get("start", -1)), int(each.get("end", -1))) for each in entities}


def _rounded(*parts: float) -> Interval:
    return [round(float(part), 6) for part in parts]


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
        if not self.changes:
            return True
        from scipy.stats import binomtest  # here: it takes a second to import

        return bool(binomtest(self.better, len(self.changes)).pvalue > 0.05)


def compare_reports(left: Report, right: Report) -> ReportComparison:
    """On the messages of both, as far as they have the same right intent in both."""
    before, after = _hits(left), _hits(right)
    shared = sorted(before.keys() & after.keys())
    errors = {(key_of(error["text"]), error["right"]): error for report in (left, right) for error in report["errors"]}
    changes = [
        ChangedGuess(errors[at]["text"], at[1], errors[at]["guessed"], after[at])
        for at in shared
        if before[at] != after[at] and at in errors
    ]
    count = Counter(intent for _key, intent in shared)
    was_hit, is_hit = (Counter(at[1] for at in shared if hits[at]) for hits in (before, after))
    intents = [(name, of, was_hit[name] / of, is_hit[name] / of) for name, of in count.items()]
    return ReportComparison(
        len(shared),
        proportion(sum(before[at] for at in shared), len(shared)),
        proportion(sum(after[at] for at in shared), len(shared)),
        sorted(changes, key=lambda change: (change.better, change.right, change.text)),
        # The worst change first.
        sorted(intents, key=lambda row: (row[3] - row[2], row[0])),
    )


def _hits(report: Report) -> dict[tuple[str, str], bool]:
    """By a message's key and its right intent: whether it was guessed."""
    return {(key, report["labels"][right]): right == guessed for key, right, guessed in report["messages"]}
