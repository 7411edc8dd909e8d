"""Training sets: all that a version is trained on, packed into one row; and what is new from one to the next."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.engine import Bundle
from training.bundles.building import answers_in
from training.bundles.reading import TrainingData, training_data_in
from training.models import TrainingSet

Pair = tuple[str, str]  # intent, text


@dataclass(frozen=True)
class Difference:
    """`moved`: text, the intents that it had, the intents that it has."""

    added: list[Pair]
    removed: list[Pair]
    moved: list[tuple[str, str, str]]


def build_training_set(bundle: Bundle, data: TrainingData) -> TrainingSet:
    """Not saved. The same content has the same SHA-256."""
    examples = [[example.intent, example.text] for example in data.examples]
    content = json.dumps({"files": dict(bundle.files), "examples": examples}, sort_keys=True).encode()
    # Without the time of packing, the same content is packed to the same bytes.
    return TrainingSet(
        sha256=hashlib.sha256(content).hexdigest(),
        packed=gzip.compress(content, mtime=0),
        example_count=len(examples),
        intent_count=len({intent for intent, _ in examples}),
    )


def bundle_of(training_set: TrainingSet) -> Bundle:
    """What an engine is given to train on."""
    return Bundle(_content(training_set)["files"])


def data_in(training_set: TrainingSet) -> TrainingData:
    """What the rows said when it was made, read from the files that they were written to. Takes tenths of a second."""
    files = bundle_of(training_set).files
    data = training_data_in(files)
    data.intents |= answers_in(files)
    return data


def examples_in(training_set: TrainingSet) -> list[Pair]:
    """Without entities."""
    return [(intent, text) for intent, text in _content(training_set)["examples"]]


def compare_training_sets(old: TrainingSet, new: TrainingSet) -> Difference:
    """By text: one that changed is a text that went and another one that came."""
    before, after = _intents_by_text(old), _intents_by_text(new)
    both = [text for text in after if text in before and before[text] != after[text]]
    moved = [(text, ", ".join(sorted(before[text])), ", ".join(sorted(after[text]))) for text in both]
    return Difference(_only_in(after, before), _only_in(before, after), moved)


def _only_in(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> list[Pair]:
    return [(intent, text) for text in one if text not in other for intent in sorted(one[text])]


def _intents_by_text(training_set: TrainingSet) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for intent, text in examples_in(training_set):
        found[text].add(intent)
    return found


def _content(training_set: TrainingSet) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(bytes(training_set.packed)))
    return content
