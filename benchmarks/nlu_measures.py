"""What is measured of a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Protocol

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.nlu_data import OUT_OF_SCOPE, Pair, Questions

RESAMPLES = 2000
FALSE_REJECTS = 0.05
SEED = 7


class Entrant(Protocol):
    name: str

    def train(self, pairs: Sequence[Pair]) -> None: ...

    def confidences(self, text: str) -> Mapping[str, float]:
        """By intent."""


@dataclass(frozen=True)
class Row:
    """`recall`: strange questions below the confidence that turns 5 % of the known ones away."""

    questions: str
    classifier: str
    accuracy: float
    interval: tuple[float, float]
    auroc: float
    recall: float
    train_seconds: float
    message_ms: float


def measure(entrant: Entrant, questions: Questions) -> Row:
    started = perf_counter()
    entrant.train(questions.train)
    train_seconds = perf_counter() - started
    timed = [_timed(entrant, text) for text, _ in questions.test]
    answers = [answer for answer, _ in timed]
    guesses = [max(answer, key=answer.__getitem__) for answer in answers]
    right = np.array(guesses) == np.array([intent for _, intent in questions.test])
    known = np.array([_in_scope(each) for each in answers])
    strange = np.array([_in_scope(entrant.confidences(text)) for text in questions.strange])
    return Row(
        questions=questions.name,
        classifier=entrant.name,
        accuracy=float(right.mean()),
        interval=_interval(right),
        auroc=_auroc(known, strange),
        recall=float((strange < np.quantile(known, FALSE_REJECTS)).mean()),
        train_seconds=round(train_seconds, 2),
        message_ms=round(median(seconds for _, seconds in timed) * 1000, 2),
    )


def _timed(entrant: Entrant, text: str) -> tuple[Mapping[str, float], float]:
    started = perf_counter()
    confidences = entrant.confidences(text)
    return confidences, perf_counter() - started


def _in_scope(confidences: Mapping[str, float]) -> float:
    """How sure it is that a text is one of its own; a bot that has learned an intent for the rest says so by that."""
    best = max(value for intent, value in confidences.items() if intent != OUT_OF_SCOPE)
    return best - confidences.get(OUT_OF_SCOPE, 0.0)


def _auroc(known: np.ndarray, strange: np.ndarray) -> float:
    truth = np.repeat([1, 0], [len(known), len(strange)])
    return float(roc_auc_score(truth, np.concatenate([known, strange])))


def _interval(right: np.ndarray) -> tuple[float, float]:
    """95 % by bootstrap."""
    rows = np.random.default_rng(SEED).integers(0, len(right), (RESAMPLES, len(right)))
    low, high = np.quantile(right[rows].mean(1), [0.025, 0.975])
    return float(low), float(high)
