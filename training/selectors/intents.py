"""Reads of intents: their names, what they were called before, and what a page lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Length

from training.bundles import RenamedIntent, Usage
from training.bundles.renaming import current_name
from training.models import Bot, Example, Intent, ModelVersion
from training.models.training_data import ALIVE
from training.selectors.examples import examples_of
from training.text_keys import alike_key


class IntentChoice(TypedDict):
    """What staff choose from when they say which intent is right. `count`: its examples to train on."""

    name: str
    example: str
    count: int


@dataclass(frozen=True)
class IntentSummary:
    """A line of the list of intents. `answer`: the response that answers it; `handled`: the rules and stories that do
    more."""

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


def intent_names(bot: Bot) -> list[str]:
    """Of all that are not deleted, in order."""
    return list(Intent.objects.filter(bot=bot, deleted=None).order_by("name").values_list("name", flat=True))


def intent_now(bot: Bot, name: str) -> str:
    """What an intent that had this name is called; empty where it was deleted. A name in use is its own."""
    if Intent.objects.filter(bot=bot, name=name, deleted=None).exists():
        return name
    return current_name(name, intent_changes_of(bot))


def intent_changes_of(bot: Bot) -> list[RenamedIntent]:
    """What was renamed, merged and deleted, oldest first."""
    return [RenamedIntent(*row) for row in bot.intent_changes.order_by("id").values_list("old", "new", "keeps_rules")]


def intents_renamed_since(version: ModelVersion) -> list[RenamedIntent]:
    """Since its training was requested. Not what was merged: that is another intent than was measured."""
    changes = version.bot.intent_changes.filter(created__gt=version.created, keeps_rules=True)
    return [RenamedIntent(*row) for row in changes.order_by("id").values_list("old", "new", "keeps_rules")]


def intents_by_text(bot: Bot, texts: Iterable[str]) -> dict[str, set[str]]:
    """The intents that have each of these texts, as `same_text` compares them. One query."""
    # Several texts may have one key.
    keys = {text: alike_key(text) for text in texts}
    found: dict[str, set[str]] = defaultdict(set)
    for key, intent in examples_of(bot).filter(alike__in=set(keys.values())).values_list("alike", "intent__name"):
        found[key].add(intent)
    return {text: found[key] for text, key in keys.items()}


def intents_of_deleted_examples(bot: Bot, mark: datetime) -> list[str]:
    """The intents whose examples were deleted under this mark."""
    gone = Example.objects.filter(bot=bot, deleted=mark).order_by("intent__name")
    return list(gone.values_list("intent__name", flat=True).distinct())


def intent_choices(bot: Bot) -> list[IntentChoice]:
    """All intents by name, each with one example that is neither terse nor long."""
    trained = Example.objects.filter(ALIVE, intent=OuterRef("pk"), use=Example.Use.TRAINING)
    telling = trained.annotate(length=Length("text")).filter(length__gte=8, length__lte=60).order_by("id")
    rows = Intent.objects.filter(ALIVE, bot=bot).annotate(
        example=Subquery(telling.values("text")[:1]),
        count=Count("examples", filter=Q(examples__deleted=None, examples__use=Example.Use.TRAINING)),
    )
    return [IntentChoice(name=row.name, example=row.example or "", count=row.count) for row in rows.order_by("name")]


def intent_summaries(
    bot: Bot, usage: Usage, f1: Mapping[str, float], findings: Mapping[str, int]
) -> list[IntentSummary]:
    """All intents by name. `f1` and `findings` are by intent, too."""
    alive = Q(examples__deleted=None)
    counts = {use: Count("examples", filter=alive & Q(examples__use=use)) for use in Example.Use.values}
    rows = bot.intents.filter(deleted=None).annotate(**{f"{use}_count": count for use, count in counts.items()})
    return [
        IntentSummary(
            row,
            row.training_count,  # type: ignore[attr-defined]
            row.held_out_count,  # type: ignore[attr-defined]
            f1.get(row.name),
            usage.answers.get(row.name, "") or row.answer,
            tuple(usage.handled.get(row.name, ())),
            findings.get(row.name, 0),
        )
        for row in rows.order_by("name")
    ]
