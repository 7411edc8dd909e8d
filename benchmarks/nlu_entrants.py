"""Our classifier and those it is measured against. All but Rasa's own start from the same sentence embeddings."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from django.conf import settings
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from assistant.embeddings import Embedder
from assistant.engine.rasa_adapter.nlu.text_classifier import TextClassifier
from benchmarks.nlu_data import Pair

# What `rasa init` writes, without the parts that do not classify.
RASA_DEFAULT = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True, "ranking_length": 0},
]


class _OnEmbeddings:
    """With an embedder of its own: none has the texts that another asked for in its memory."""

    def __init__(self) -> None:
        self._embedder = Embedder(settings.VAR_DIR / "embeddings")


class Ours(_OnEmbeddings):
    name = "EmbeddingIntentClassifier"

    def train(self, pairs: Sequence[Pair]) -> None:
        texts, intents = zip(*pairs, strict=True)
        self._intents = TextClassifier.train(texts, intents, self._embedder.embed_layers)

    def confidences(self, text: str) -> Mapping[str, float]:
        return dict(self._intents.rank(text))


class LogisticOnEmbeddings(_OnEmbeddings):
    name = "logistic regression on MiniLM"

    def train(self, pairs: Sequence[Pair]) -> None:
        texts, intents = zip(*pairs, strict=True)
        self._learn(texts)
        self._classifier = LogisticRegression(C=10, max_iter=1000).fit(self._features(texts), intents)

    def confidences(self, text: str) -> Mapping[str, float]:
        (chances,) = self._classifier.predict_proba(self._features([text]))
        return dict(zip(self._classifier.classes_, chances, strict=True))

    def _learn(self, texts: Sequence[str]) -> None:
        """Nothing beside the classifier."""

    def _features(self, texts: Sequence[str]) -> Any:
        return self._embedder.embed_layers(texts)[:, -1]


class LogisticOnEmbeddingsAndCharacters(LogisticOnEmbeddings):
    name = "... and char 2-4-grams"

    def _learn(self, texts: Sequence[str]) -> None:
        self._grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit(texts)

    def _features(self, texts: Sequence[str]) -> Any:
        return hstack([csr_matrix(super()._features(texts)), self._grams.transform(texts)]).tocsr()


class RasaDefault:
    name = "Rasa's default pipeline"

    def train(self, pairs: Sequence[Pair]) -> None:
        os.environ["RASA_MAX_CACHE_SIZE"] = "0"  # or a second training costs nothing
        from assistant.engine.rasa_adapter import import_rasa  # noqa: F401, I001  (first: it imports Rasa without a word)
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        with tempfile.TemporaryDirectory() as folder:
            config, data = _written(Path(folder), pairs)
            self._agent = Agent.load(train_nlu(str(config), str(data), folder))

    def confidences(self, text: str) -> Mapping[str, float]:
        parse = asyncio.run(self._agent.parse_message(text))
        return {each["name"]: each["confidence"] for each in parse["intent_ranking"]}


ENTRANTS = (Ours, LogisticOnEmbeddings, LogisticOnEmbeddingsAndCharacters)


def _written(folder: Path, pairs: Sequence[Pair]) -> tuple[Path, Path]:
    """The project files of an NLU-only bot."""
    examples = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text, of in pairs if of == intent)}
        for intent in np.unique([intent for _, intent in pairs]).tolist()
    ]
    config, data = folder / "config.yml", folder / "nlu.yml"
    settings = {"recipe": "default.v1", "assistant_id": "bench", "language": "en", "pipeline": RASA_DEFAULT}
    config.write_text(yaml.safe_dump(settings))
    data.write_text(yaml.safe_dump({"version": "3.1", "nlu": examples}))
    return config, data
