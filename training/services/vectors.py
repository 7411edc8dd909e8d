"""Embeddings of examples, worked out once and kept."""

from __future__ import annotations

from assistant.embeddings import embed
from assistant.lib.database import writing
from training.models import Bot, Example
from training.selectors.data import examples_of

BATCH = 64


def fill_vectors(*, bot: Bot, at_most: int | None = None) -> int:
    """Of those that have none yet; some 5 ms each, with no transaction open meanwhile. Returns how many."""
    missing = examples_of(bot).filter(vector=None).order_by("id").values_list("id", "text")
    rows = list(missing if at_most is None else missing[:at_most])
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        vectors = embed([text for _, text in batch])
        filled = [Example(pk=pk, vector=vector.tobytes()) for (pk, _), vector in zip(batch, vectors, strict=True)]
        with writing():
            Example.objects.bulk_update(filled, ["vector"])
    return len(rows)
