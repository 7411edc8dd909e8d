"""From a text to its ranked intents: spelling, sentence embedding, classifier. No Rasa here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.embeddings import Vectors, embed_layers, vocabulary
from assistant.engine.rasa_adapter.nlu import kernel_ridge
from assistant.engine.rasa_adapter.nlu.kernel_ridge import IntentModel
from assistant.engine.rasa_adapter.nlu.spelling import SpellingCorrector, words_of

WORDS = "words.json"
Embed = Callable[[Sequence[str]], Vectors]


class TextClassifier:
    """`words`: those of the examples, most frequent first. Safe to ask from several threads."""

    def __init__(self, model: IntentModel, words: list[str], embed: Embed = embed_layers) -> None:
        self.model = model
        self._words = words
        self._spelling = SpellingCorrector(words, vocabulary())
        self._embed = embed

    @classmethod
    def train(cls, texts: Sequence[str], intents: Sequence[str], embed: Embed = embed_layers) -> TextClassifier:
        """Learn which of `texts` has which of `intents`."""
        return cls(kernel_ridge.fit(texts, intents, embed(texts)), words_of(texts), embed)

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Every intent with its confidence, best first. Its spelling is corrected before."""
        (ranking,) = self.model.rank([text], self._embed([self._spelling.correct(text)]))
        return ranking

    def save(self, directory: Path) -> None:
        """In files that `load` reads."""
        self.model.save(directory)
        (directory / WORDS).write_text(json.dumps(self._words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> TextClassifier:
        """Of what `save` wrote."""
        words = json.loads((directory / WORDS).read_text(encoding="utf-8"))
        return cls(IntentModel.load(directory), words)
