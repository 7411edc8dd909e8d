"""Reads of examples: what is trained on, what is held out, what a page lists, and what means nearly the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from assistant.embeddings import WIDTH, embed
from training.models import Bot, Example
from training.text_keys import alike_key

EMBEDDED_BY_A_READ = 64  # at most, of those that have no stored embedding; some 2 ms each
FOUND_BY_MEANING = 50  # examples that a search by meaning shows


@dataclass(frozen=True)
class NearExample:
    """`similarity`: cosine, 1 where the two mean the same."""

    example: Example
    similarity: float


@dataclass(frozen=True)
class ExampleFilter:
    """What a list of examples is narrowed to; empty fields narrow nothing. `who` is a user's id, `ids` are ids."""

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
        """Whether it narrows more than a page of one intent does anyway."""
        return self != ExampleFilter(intent=self.intent)


def examples_of(bot: Bot) -> QuerySet[Example]:
    """All that are not deleted, held out or not."""
    return Example.objects.filter(bot=bot, deleted=None, intent__deleted=None).select_related("intent")


def held_out(bot: Bot) -> list[Example]:
    """Examples that are never trained on, oldest first."""
    return list(examples_of(bot).filter(use=Example.Use.HELD_OUT).order_by("id"))


def trained_on(bot: Bot) -> QuerySet[Example]:
    """What the next version is trained on: all that is neither held out nor overruled.

    An example is overruled where staff annotated the same text with another intent more recently. The finding "same
    text under two intents" goes on naming it.
    """
    rows = examples_of(bot).filter(use=Example.Use.TRAINING)
    # Few are annotated: they are read first, and then only what has their texts.
    annotated = rows.filter(annotated__isnull=False).order_by("annotated", "id")
    newest = {
        alike: (intent, moment)
        for alike, intent, moment in annotated.values_list("alike", "intent", "annotated")
        if moment
    }
    overruled = []
    for pk, alike, intent, moment in rows.filter(alike__in=newest).values_list("pk", "alike", "intent", "annotated"):
        right, last = newest[alike]
        if intent != right and (moment is None or moment < last):
            overruled.append(pk)
    return rows.exclude(pk__in=overruled)


def same_text(bot: Bot, text: str) -> list[Example]:
    """Those that differ in case, punctuation and spacing at most, under whatever intent."""
    return list(examples_of(bot).filter(alike=alike_key(text)).defer("vector"))


def entity_names(bot: Bot) -> list[str]:
    """The names of all entities in examples."""
    marked = examples_of(bot).exclude(entities=[]).values_list("entities", flat=True)
    return sorted({str(entity["entity"]) for entities in marked for entity in entities})


def example_ids_by_text(bot: Bot, texts: Iterable[str]) -> dict[str, int]:
    """The examples that are still there, by text. Where two intents have it, the held-out one."""
    rows = Example.objects.filter(bot=bot, text__in=set(texts), deleted=None, intent__deleted=None)
    # Later rows win, and "held_out" sorts before "training".
    return dict(rows.order_by("-use").values_list("text", "pk"))


def filtered_examples(bot: Bot, chosen: ExampleFilter) -> QuerySet[Example]:
    """In the order of intents, oldest first. For `meaning`, see `examples_by_meaning`."""
    rows = examples_of(bot).select_related("intent", "created_by", "updated_by").defer("vector")
    exact = {"intent__name": chosen.intent, "use": chosen.use, "origin": chosen.origin}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if chosen.words:
        rows = rows.filter(_contains(chosen.words))
    if chosen.who.isdecimal():
        rows = rows.filter(Q(created_by=int(chosen.who)) | Q(updated_by=int(chosen.who)))
    if chosen.entity:
        rows = rows.exclude(entities=[]) if chosen.entity == "any" else rows.filter(entities=[])
    if chosen.ids:
        rows = rows.filter(pk__in=chosen.ids)
    return rows.order_by("intent__name", "id")


def examples_by_meaning(bot: Bot, chosen: ExampleFilter) -> list[Example]:
    """Those of `filtered_examples` that mean nearly the same, the nearest first; each has its `similarity`."""
    # The filter takes some of the nearest away: so more are looked at than are shown.
    near = near_examples(bot, chosen.meaning, limit=FOUND_BY_MEANING * 4)
    allowed = filtered_examples(bot, chosen).in_bulk([it.example.pk for it in near])
    rows = []
    for it in near:
        if it.example.pk in allowed:
            row = allowed[it.example.pk]
            row.similarity = it.similarity  # type: ignore[attr-defined]
            rows.append(row)
    return rows[:FOUND_BY_MEANING]


def near_examples(bot: Bot, text: str, limit: int = 5) -> list[NearExample]:
    """The nearest in meaning, best first. Of examples without a stored embedding only a few are looked at."""
    ids, vectors = stored_embeddings(bot)
    missing = list(examples_of(bot).filter(vector=None).values_list("id", "text")[:EMBEDDED_BY_A_READ])
    if missing:
        ids = [*ids, *(pk for pk, _ in missing)]
        vectors = np.concatenate([vectors, embed([text for _, text in missing])])
    if not ids or not text.strip():
        return []
    similar = vectors @ embed([text])[0]
    best = [(ids[place], float(similar[place])) for place in np.argsort(-similar)[:limit]]
    rows = examples_of(bot).defer("vector").in_bulk([pk for pk, _ in best])
    return [NearExample(rows[pk], similarity) for pk, similarity in best if pk in rows]


def stored_embeddings(bot: Bot) -> tuple[list[int], NDArray[np.float32]]:
    """Ids and embeddings, shape (n, 384)."""
    stored = list(examples_of(bot).exclude(vector=None).values_list("id", "vector"))
    joined = b"".join(bytes(vector or b"") for _, vector in stored)
    return [pk for pk, _ in stored], np.frombuffer(joined, np.float32).reshape(-1, WIDTH)


def bot_with_missing_embeddings() -> Bot | None:
    """One that has examples without a stored embedding."""
    missing = Example.objects.filter(bot=OuterRef("pk"), vector=None, deleted=None, intent__deleted=None)
    return Bot.objects.filter(Exists(missing)).first()


def _contains(words: str) -> Q:
    """SQLite ignores case in ASCII only: other words are looked for in each case they are usually written in."""
    cases = {words} if words.isascii() else {words, words.lower(), words.upper(), words.capitalize()}
    return reduce(or_, (Q(text__icontains=case) for case in sorted(cases)))
