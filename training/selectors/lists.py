"""The lists of the pages of training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet

from training.bundles import Usage
from training.models import Bot, Example, Intent
from training.selectors.data import examples_of, near_examples

BY_MEANING = 50  # examples that a search by meaning shows


@dataclass(frozen=True)
class Sought:
    """What a list of examples is narrowed to; empty ones narrow nothing. `who` is a user's id, `ids` are ids."""

    words: str = ""
    meaning: str = ""
    intent: str = ""
    use: str = ""
    origin: str = ""
    who: str = ""
    entity: str = ""
    ids: tuple[int, ...] = ()

    @property
    def narrows(self) -> bool:
        return self != Sought(intent=self.intent)


@dataclass(frozen=True)
class IntentLine:
    """`answer`: the response that answers it; `handled`: the rules and stories that do more."""

    intent: Intent
    training: int
    held_out: int
    f1: float | None
    answer: str
    handled: tuple[str, ...]
    findings: int

    @property
    def f1_in_words(self) -> str:
        return "" if self.f1 is None else f"{self.f1:.2f}"


def examples_found(bot: Bot, sought: Sought) -> QuerySet[Example]:
    """In the order of intents, oldest first; by meaning, see `nearest`."""
    rows = examples_of(bot).select_related("intent", "created_by", "updated_by").defer("vector")
    exact = {"intent__name": sought.intent, "use": sought.use, "origin": sought.origin}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if sought.words:
        rows = rows.filter(_contains(sought.words))
    if sought.who.isdecimal():
        rows = rows.filter(Q(created_by=int(sought.who)) | Q(updated_by=int(sought.who)))
    if sought.entity:
        rows = rows.exclude(entities=[]) if sought.entity == "any" else rows.filter(entities=[])
    if sought.ids:
        rows = rows.filter(pk__in=sought.ids)
    return rows.order_by("intent__name", "id")


def nearest(bot: Bot, sought: Sought) -> list[Example]:
    """Those of `examples_found` that mean nearly the same, the nearest first; each knows its `similarity`."""
    found = near_examples(bot, sought.meaning, limit=BY_MEANING * 4)
    allowed = examples_found(bot, sought).in_bulk([near.example.pk for near in found])
    rows = []
    for near in found:
        if near.example.pk in allowed:
            row = allowed[near.example.pk]
            row.similarity = near.similarity  # type: ignore[attr-defined]
            rows.append(row)
    return rows[:BY_MEANING]


def intent_lines(bot: Bot, usage: Usage, f1: Mapping[str, float], findings: Mapping[str, int]) -> list[IntentLine]:
    alive = Q(examples__deleted=None)
    counts = {use: Count("examples", filter=alive & Q(examples__use=use)) for use in Example.Use.values}
    rows = bot.intents.filter(deleted=None).annotate(**{f"{use}_count": count for use, count in counts.items()})
    return [_line(row, usage, f1, findings) for row in rows.order_by("name")]


def _line(row: Intent, usage: Usage, f1: Mapping[str, float], findings: Mapping[str, int]) -> IntentLine:
    return IntentLine(
        row,
        row.training_count,  # type: ignore[attr-defined]
        row.held_out_count,  # type: ignore[attr-defined]
        f1.get(row.name),
        usage.answers.get(row.name, "") or row.answer,
        tuple(usage.handled.get(row.name, ())),
        findings.get(row.name, 0),
    )


def _contains(words: str) -> Q:
    """SQLite ignores case in ASCII only: other words are looked for in each case they are usually written in."""
    cases = {words} if words.isascii() else {words, words.lower(), words.upper(), words.capitalize()}
    return reduce(or_, (Q(text__icontains=case) for case in sorted(cases)))
