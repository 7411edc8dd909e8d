"""Embeddings of examples, worked out once and kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event

from assistant.embeddings import Vectors, embed
from assistant.lib.database import write_transaction
from training.models import Bot, Example
from training.selectors.data import bot_without_vectors, examples_of
from training.selectors.jobs import queue
from training.services.locking import locked

log = logging.getLogger("frontdesk.training")
PORTION = 100  # a quarter of a second
Rows = Sequence[tuple[int, str]]
_unusable = Event()


def fill_vectors(*, bot: Bot, at_most: int | None = None) -> int:
    """Of those that have none yet; some 2 ms each, with no transaction open meanwhile. Returns how many."""
    missing = examples_of(bot).filter(vector=None).order_by("id").values_list("id", "text")
    rows = list(missing if at_most is None else missing[:at_most])
    for start in range(0, len(rows), PORTION):
        portion = rows[start : start + PORTION]
        _keep(bot, portion, embed([text for _, text in portion]))
    return len(rows)


def fill_portion() -> int:
    """One portion of whatever bot lacks some; returns how many. 0 where there is nothing to do, a job runs or waits,
    or the weights can't be used: that is logged once, and then left alone until the next start."""
    bot = None if _unusable.is_set() else bot_without_vectors()
    if bot is None or queue().exists() or not _usable():
        return 0
    return fill_vectors(bot=bot, at_most=PORTION)


def _usable() -> bool:
    try:
        embed(["hello"])
    except Exception as error:  # files of an installed package have many ways to be broken
        _unusable.set()
        log.error("examples are not embedded: %s", error)
    return not _unusable.is_set()


def _keep(bot: Bot, rows: Rows, vectors: Vectors) -> None:
    """Not of a text that was changed meanwhile."""
    with write_transaction():
        locked(bot)
        now = dict(Example.objects.filter(pk__in=[pk for pk, _ in rows]).values_list("id", "text"))
        pairs = zip(rows, vectors, strict=True)
        filled = [Example(pk=pk, vector=vector.tobytes()) for (pk, text), vector in pairs if now.get(pk) == text]
        Example.objects.bulk_update(filled, ["vector"])
