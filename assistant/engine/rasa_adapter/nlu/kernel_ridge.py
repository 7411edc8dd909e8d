"""The intent classifier: kernel ridge regression (a Gaussian process's mean) on sentence embeddings. No Rasa here.

Why this one: far from every example all its scores fall to zero, so one number tells both which intent it is and
whether it is any; and what it would have said of each example without having seen it follows in closed form from the
one training, which calibrates the confidence. `python -m benchmarks.nlu` shows what it is worth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, eigh, solve_triangular

from assistant.engine.normalisation import normalise

Floats = NDArray[np.floating]

LAYER_WEIGHTS = np.sqrt(np.array([0.3, 0.1, 0.1, 0.5], np.float32))  # of embed_layers' four, the words' own first
SHARPNESS = 2.0  # of the kernel exp(SHARPNESS * (cosine - 1))
RIDGE = 0.1
MAX_WIDTH = 768  # principal components kept of the features
MAX_LANDMARKS = 4000  # examples that the kernel compares with; the others are still learned from
CENTRE_PRIOR = 10.0  # examples' worth of doubt about the mean of few examples
SEED = 7
QUANTILES = (0.05, 0.5)  # of the best scores of examples not learned from ...
LEVELS = (0.3, 0.9)  # ... and the confidence to give them: a threshold of 0.3 turns about 5 % of good questions away
PRIOR_SCORES = np.array([0.12, 0.25])  # those quantiles where every intent has a single example
PRIOR_WEIGHT = 5.0
MIN_SPREAD = 0.05
JITTER = 1e-6
NAMES, ARRAYS = "intents.json", "intents.npz"


@dataclass(frozen=True)
class IntentModel:
    """`known`: normalised example -> index of its intent. A known text is answered by what staff said of it."""

    intents: list[str]
    known: dict[str, int]
    centre: Floats
    projection: Floats
    landmarks: Floats
    weights: Floats
    calibration: Floats

    def rank(self, texts: Sequence[str], vectors: Floats) -> list[list[tuple[str, float]]]:
        """For each text its intents with their confidence, best first. `vectors`: embed_layers(texts)."""
        features = _features(vectors, self.centre, self.projection)
        scores = np.clip(_kernel(features, self.landmarks) @ self.weights, 0, 1)
        slope, offset = self.calibration
        rankings = []
        for text, row in zip(texts, scores, strict=True):
            known = self.known.get(normalise(text))
            if known is not None:
                confidences = np.minimum(row, 0.5)
                confidences[known] = 1.0
                order = np.argsort(-confidences, kind="stable")
            else:
                best = float(row.max())
                confidence = float(1 / (1 + np.exp(-(slope * best + offset))))
                confidences = row * (confidence / max(best, 1e-9))
                # By the scores: parts of a low confidence may be too small to tell apart.
                order = np.argsort(-row, kind="stable")
            rankings.append([(self.intents[index], float(confidences[index])) for index in order])
        return rankings

    def save(self, directory: Path) -> None:
        """Arrays and JSON, never a pickle."""
        arrays = ("centre", "projection", "landmarks", "weights", "calibration")
        np.savez(directory / ARRAYS, **{name: getattr(self, name) for name in arrays})
        names = {"intents": self.intents, "known": self.known}
        (directory / NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> IntentModel:
        """What it knows is normalised anew: an older version may have done it in another way."""
        names = json.loads((directory / NAMES).read_text(encoding="utf-8"))
        known = {normalise(text): label for text, label in names["known"].items()}
        with np.load(directory / ARRAYS, allow_pickle=False) as arrays:
            return cls(intents=names["intents"], known=known, **dict(arrays))


def fit(texts: Sequence[str], intents: Sequence[str], vectors: Floats) -> IntentModel:
    """Learn which of `texts` has which of `intents`. The same input gives the same model."""
    names, labels = np.unique(intents, return_inverse=True)
    centre = vectors.sum(0) / (len(vectors) + CENTRE_PRIOR)
    projection = _projection(_features(vectors, centre, np.empty((0, 0), np.float32)))
    features = _features(vectors, centre, projection)
    landmarks = features[_choose_landmarks(labels)]
    weights, unseen = _solve(features, landmarks, np.eye(len(names))[labels])
    return IntentModel(
        intents=names.tolist(),
        known={normalise(text): int(label) for text, label in zip(texts, labels, strict=True) if normalise(text)},
        centre=centre.astype(np.float32),
        projection=projection,
        landmarks=landmarks,
        weights=weights.astype(np.float32),
        calibration=_calibrate(unseen, labels),
    )


def _solve(features: Floats, landmarks: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Ridge regression in the Nystroem features of `landmarks`: exact where every example is a landmark.

    The weights, and the scores that each example would get from a training without it (leave-one-out of a linear
    smoother).
    """
    lower = cholesky(_kernel(landmarks, landmarks) + JITTER * np.eye(len(landmarks)), lower=True)
    mapped = solve_triangular(lower, _kernel(landmarks, features), lower=True)
    inner = cholesky(mapped @ mapped.T + RIDGE * np.eye(len(mapped)), lower=True)
    basis = solve_triangular(inner, mapped, lower=True)  # basis.T @ basis is the hat matrix
    coefficients = basis @ targets
    residuals = targets - basis.T @ coefficients
    unseen = targets - residuals / (1 - (basis**2).sum(0))[:, None]
    coefficients = solve_triangular(inner, coefficients, lower=True, trans="T")
    return solve_triangular(lower, coefficients, lower=True, trans="T"), unseen


def _calibrate(unseen: Floats, labels: NDArray[np.intp]) -> Floats:
    """Slope and offset of the logistic curve that takes the scores of unseen examples to LEVELS at QUANTILES."""
    scores = unseen[np.bincount(labels)[labels] > 1].max(1)
    measured = np.quantile(scores, QUANTILES) if len(scores) else PRIOR_SCORES
    low, high = (len(scores) * measured + PRIOR_WEIGHT * PRIOR_SCORES) / (len(scores) + PRIOR_WEIGHT)
    slope = (_logit(LEVELS[1]) - _logit(LEVELS[0])) / max(high - low, MIN_SPREAD)
    return np.array([slope, _logit(LEVELS[0]) - slope * low])


def _logit(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def _choose_landmarks(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most MAX_LANDMARKS rows, drawn evenly from all intents."""
    if len(labels) <= MAX_LANDMARKS:
        return np.arange(len(labels))
    shuffled = np.random.RandomState(SEED).permutation(len(labels))
    by_intent = shuffled[np.argsort(labels[shuffled], kind="stable")]
    starts = np.cumsum(np.bincount(labels)) - np.bincount(labels)
    turn = np.arange(len(labels)) - starts[labels[by_intent]]
    return np.sort(by_intent[np.argsort(turn, kind="stable")[:MAX_LANDMARKS]])


def _projection(features: Floats) -> Floats:
    """The principal axes, strongest first; empty where there are too few examples to save anything."""
    if len(features) <= MAX_WIDTH:
        return np.empty((0, 0), np.float32)
    width = features.shape[1]
    _, axes = eigh(features.T @ features, subset_by_index=(width - MAX_WIDTH, width - 1))
    return np.ascontiguousarray(axes, np.float32)


def _features(vectors: Floats, centre: Floats, projection: Floats) -> Floats:
    """(n, layers, width) -> (n, features), rows of length one."""
    flat = (_unit(vectors - centre) * LAYER_WEIGHTS[:, None]).reshape(len(vectors), -1)
    return _unit(flat @ projection) if projection.size else flat


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def _kernel(left: Floats, right: Floats) -> Floats:
    return np.exp(SHARPNESS * (left @ right.T - 1))
