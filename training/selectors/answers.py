"""Reads of what versions say: the responses that they were trained with."""

from __future__ import annotations

from typing import Any

from training.bundles import bundle_of, training_data_in
from training.models import ModelVersion, TrainingSet


def changed_responses(left: ModelVersion, right: ModelVersion) -> frozenset[str]:
    """Names of responses whose variations are not the same in both. Empty where one was uploaded: nobody knows its."""
    if left.training_set is None or right.training_set is None:
        return frozenset()
    one, other = _responses(left.training_set), _responses(right.training_set)
    return frozenset(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _responses(training_set: TrainingSet) -> dict[str, Any]:
    return dict(training_data_in(bundle_of(training_set).files).responses)
