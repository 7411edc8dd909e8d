"""Which examples are held out together in a cross-validation."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence


def stratified_folds(labels: Sequence[str], folds: int, seed: int) -> list[list[int]]:
    """Places of `labels` by fold: each label is spread evenly, shuffled by `seed`. A label that stands alone is left
    out: without its one example nobody could know it."""
    places = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    chance, dealt = random.Random(seed), 0  # noqa: S311  no secret
    found: list[list[int]] = [[] for _ in range(folds)]
    for label in sorted(places):
        if len(places[label]) < 2:
            continue
        for place in chance.sample(places[label], len(places[label])):
            found[dealt % folds].append(place)
            dealt += 1
    return [sorted(fold) for fold in found if fold]
