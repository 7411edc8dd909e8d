"""Which examples are held out together in a cross-validation."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence


def stratified_folds(labels: Sequence[str], folds: int, seed: int) -> list[list[int]]:
    """Places of `labels` by fold: each label is spread evenly, shuffled by `seed`. There are at most as many folds as
    the most frequent label has examples. A label that stands alone is left out: without its one example nobody could
    know it."""
    from sklearn.model_selection import StratifiedKFold  # here: it takes a second to import

    counts = Counter(labels)
    kept = [place for place, label in enumerate(labels) if counts[label] > 1]
    if not kept:
        return []
    splitter = StratifiedKFold(min(folds, max(counts.values())), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label may have fewer examples than there are folds
        splits = list(splitter.split(kept, [labels[place] for place in kept]))
    return [[kept[index] for index in held_out] for _, held_out in splits]
