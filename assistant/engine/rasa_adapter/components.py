"""Components of ours for a Rasa pipeline. Free of TensorFlow; what they keep is arrays and JSON, never a pickle."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import LABEL_RANKING_LENGTH
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import DENSE_FEATURIZABLE_ATTRIBUTES, FEATURIZER_CLASS_ALIAS, TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import (
    FEATURE_TYPE_SENTENCE,
    FEATURE_TYPE_SEQUENCE,
    INTENT,
    INTENT_RANKING_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from assistant.embeddings import WIDTH, Vectors, embed
from assistant.engine.rasa_adapter.nlu.text_classifier import TextClassifier

NO_INTENT = {"name": None, "confidence": 0.0}
MOST_TOKENS = 64  # of a text, that are embedded one by one, which takes each as long as a short text


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class EmbeddingIntentClassifier(IntentClassifier, GraphComponent):
    """TextClassifier from sentence embeddings. It needs no other component before it.

    Its confidence means the same for every bot: about 5 % of the questions that a bot should know are below 0.3.
    """

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._ranking_length = config["ranking_length"]
        self._storage = storage
        self._resource = resource
        self._classifier: TextClassifier | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`ranking_length`: how many intents to tell; 0 for all."""
        return {"ranking_length": LABEL_RANKING_LENGTH}

    @staticmethod
    def required_packages() -> list[str]:
        return ["onnxruntime", "tokenizers", "safetensors"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EmbeddingIntentClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EmbeddingIntentClassifier:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            component._classifier = TextClassifier.load(directory) if any(directory.iterdir()) else None
        return component

    def train(self, training_data: TrainingData) -> Resource:
        """A bot without examples gets an empty folder and knows no intent."""
        examples = {(each.get(TEXT), each.get(INTENT)): None for each in training_data.intent_examples}
        known = [(text, intent) for text, intent in examples if text and text.strip() and intent]
        with self._storage.write_to(self._resource) as directory:
            if known:
                self._classifier = TextClassifier.train([text for text, _ in known], [intent for _, intent in known])
                self._classifier.save(directory)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its intent and the ranking of all."""
        for message in messages:
            text, ranking = message.get(TEXT) or "", list[dict[str, Any]]()
            if self._classifier and text.strip():
                best = self._classifier.rank(text)[: self._ranking_length or None]
                ranking = [{"name": name, "confidence": confidence} for name, confidence in best]
            message.set(INTENT, ranking[0] if ranking else dict(NO_INTENT), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class MiniLMFeaturizer(DenseFeaturizer, GraphComponent):
    """Dense features for other classifiers: the sentence's embedding, and each token's own."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        return ["onnxruntime", "tokenizers", "safetensors"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MiniLMFeaturizer:
        return cls(execution_context.node_name, config)

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Nothing to set."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """The same for the examples."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message features of its text, its intent's name and the like, where these have tokens."""
        nothing = np.zeros(WIDTH, np.float32)  # for tokens beyond MOST_TOKENS
        for attribute in DENSE_FEATURIZABLE_ATTRIBUTES:
            with_tokens = [message for message in messages if message.get(TOKENS_NAMES[attribute])]
            tokens = [[token.text for token in message.get(TOKENS_NAMES[attribute])] for message in with_tokens]
            words = list(dict.fromkeys(word for row in tokens for word in row[:MOST_TOKENS]))
            vectors = dict(zip(words, embed(words), strict=True))
            sentences = embed([str(message.get(attribute)) for message in with_tokens])
            for message, row, sentence in zip(with_tokens, tokens, sentences, strict=True):
                sequence = np.stack([vectors.get(word, nothing) for word in row])
                self._add(message, attribute, FEATURE_TYPE_SEQUENCE, sequence)
                self._add(message, attribute, FEATURE_TYPE_SENTENCE, sentence[None])
        return messages

    def _add(self, message: Message, attribute: str, kind: str, vectors: Vectors) -> None:
        message.add_features(Features(vectors, kind, attribute, self._config[FEATURIZER_CLASS_ALIAS]))
