"""What staff choose from when they say which intent is right."""

from __future__ import annotations

from typing import TypedDict

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Length

from training.models import Bot, Example, Intent
from training.models.data import ALIVE
from training.validation import NOT_TAUGHT

NEVER_CHOSEN = sorted(NOT_TAUGHT)


class Choice(TypedDict):
    name: str
    example: str
    count: int


def intents_to_choose(bot: Bot) -> list[Choice]:
    """All intents by name, each with one example that is neither terse nor long, and how many it has to train on."""
    trained = Example.objects.filter(ALIVE, intent=OuterRef("pk"), use=Example.Use.TRAINING)
    telling = trained.annotate(length=Length("text")).filter(length__gte=8, length__lte=60).order_by("id")
    rows = Intent.objects.filter(ALIVE, bot=bot).annotate(
        example=Subquery(telling.values("text")[:1]),
        count=Count("examples", filter=Q(examples__deleted=None, examples__use=Example.Use.TRAINING)),
    )
    return [Choice(name=row.name, example=row.example or "", count=row.count) for row in rows.order_by("name")]
