"""Reads of what bots are taught."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from assistant.embeddings import WIDTH, embed
from assistant.engine import Bundle, TrainingFailed
from training.bundles import RenamedIntent, TrainingData, TrainingExample
from training.bundles.renaming import current_name
from training.bundles.starter import starter_bundle
from training.keys import alike_key
from training.models import MAIN, Bot, Example, Intent, ModelVersion

MISSING_AT_MOST = 64  # vectors that a read works out itself, some 2 ms each


@dataclass(frozen=True)
class Near:
    """`similarity`: cosine, 1 where the two mean the same."""

    example: Example
    similarity: float


def files_of(bot: Bot) -> Bundle:
    """What the bot was imported from, or what the skills bring. Raises TrainingFailed."""
    files = dict(bot.files.values_list("path", "text"))
    if files:
        return Bundle(files)
    if bot.name == MAIN:
        return starter_bundle(settings.BASE_DIR)
    raise TrainingFailed(f"{bot.name} has nothing to train on: import a project first.")


def changes_of(bot: Bot) -> list[RenamedIntent]:
    return [RenamedIntent(*row) for row in bot.intent_changes.order_by("id").values_list("old", "new", "keeps_rules")]


def renamed_since(version: ModelVersion) -> list[RenamedIntent]:
    """Since its training was asked for. Not what was merged: that is another intent than was measured."""
    changes = version.bot.intent_changes.filter(created__gt=version.created, keeps_rules=True)
    return [RenamedIntent(*row) for row in changes.order_by("id").values_list("old", "new", "keeps_rules")]


def taught_of(bot: Bot) -> TrainingData:
    """What is trained on: all that is alive and not held out. In the order in which it came."""
    examples = trained_on(bot).order_by("id").values_list("intent__name", "text", "entities", "metadata")
    return TrainingData(
        intents=dict(bot.intents.filter(deleted=None).order_by("id").values_list("name", "answer")),
        examples=[TrainingExample(*row) for row in examples],
        responses=dict(bot.responses.filter(deleted=None).order_by("id").values_list("name", "variations")),
        synonyms=dict(bot.synonyms.filter(deleted=None).order_by("id").values_list("text", "value")),
    )


def examples_of(bot: Bot) -> QuerySet[Example]:
    return Example.objects.filter(bot=bot, deleted=None, intent__deleted=None).select_related("intent")


def trained_on(bot: Bot) -> QuerySet[Example]:
    rows = examples_of(bot).filter(use=Example.Use.TRAINING)
    return rows.exclude(pk__in=_overruled(rows))


def _overruled(rows: QuerySet[Example]) -> list[int]:
    """By what staff said in a conversation of the same text, most recently: that holds. The finding "same text under
    two intents" goes on naming them. Few are judged: they are read first, and then what has their texts."""
    judged = rows.filter(judged__isnull=False).order_by("judged", "id").values_list("alike", "intent", "judged")
    last = {alike: (intent, moment) for alike, intent, moment in judged if moment}
    alike = rows.filter(alike__in=last).values_list("pk", "alike", "intent", "judged")
    return [pk for pk, text, intent, moment in alike if _is_older(intent, moment, *last[text])]


def _is_older(intent: int, moment: datetime | None, other: int, later: datetime) -> bool:
    return intent != other and (moment is None or moment < later)


def bot_without_vectors() -> Bot | None:
    """One that has examples whose embeddings are not worked out yet."""
    missing = Example.objects.filter(bot=OuterRef("pk"), vector=None, deleted=None, intent__deleted=None)
    return Bot.objects.filter(Exists(missing)).first()


def same_text(bot: Bot, text: str) -> list[Example]:
    """Those that differ in case, punctuation and spacing at most, under whatever intent."""
    return list(examples_of(bot).filter(alike=alike_key(text)).defer("vector"))


def intents_by_text(bot: Bot, texts: Iterable[str]) -> dict[str, set[str]]:
    """The intents that have each of these texts, as `same_text` compares them. One query."""
    keys = {text: alike_key(text) for text in texts}
    found: dict[str, set[str]] = defaultdict(set)
    for key, intent in examples_of(bot).filter(alike__in=set(keys.values())).values_list("alike", "intent__name"):
        found[key].add(intent)
    return {text: found[key] for text, key in keys.items()}


def intents_that_lost(bot: Bot, mark: datetime) -> list[str]:
    """The intents whose examples were deleted under this mark."""
    gone = Example.objects.filter(bot=bot, deleted=mark).order_by("intent__name")
    return list(gone.values_list("intent__name", flat=True).distinct())


def intent_names(bot: Bot) -> list[str]:
    return list(Intent.objects.filter(bot=bot, deleted=None).order_by("name").values_list("name", flat=True))


def intent_now(bot: Bot, name: str) -> str:
    """What an intent that had this name is called; empty where it was deleted. A name in use is its own."""
    if Intent.objects.filter(bot=bot, name=name, deleted=None).exists():
        return name
    return current_name(name, changes_of(bot))


def entity_names(bot: Bot) -> list[str]:
    """Those of the examples."""
    found = examples_of(bot).exclude(entities=[]).values_list("entities", flat=True)
    return sorted({str(entity["entity"]) for entities in found for entity in entities})


def near_examples(bot: Bot, text: str, limit: int = 5) -> list[Near]:
    """The nearest in meaning, best first. Of examples without a stored embedding only a few are looked at."""
    ids, vectors = stored_vectors(bot)
    missing = list(examples_of(bot).filter(vector=None).values_list("id", "text")[:MISSING_AT_MOST])
    if missing:
        ids = [*ids, *(pk for pk, _ in missing)]
        vectors = np.concatenate([vectors, embed([text for _, text in missing])])
    if not ids or not text.strip():
        return []
    similar = vectors @ embed([text])[0]
    best = [(ids[place], float(similar[place])) for place in np.argsort(-similar)[:limit]]
    rows = examples_of(bot).defer("vector").in_bulk([pk for pk, _ in best])
    return [Near(rows[pk], similarity) for pk, similarity in best if pk in rows]


def stored_vectors(bot: Bot) -> tuple[list[int], NDArray[np.float32]]:
    """Ids and embeddings, shape (n, 384)."""
    stored = list(examples_of(bot).exclude(vector=None).values_list("id", "vector"))
    joined = b"".join(bytes(vector or b"") for _, vector in stored)
    return [pk for pk, _ in stored], np.frombuffer(joined, np.float32).reshape(-1, WIDTH)
