"""Rasa's components try a bot's regular expressions on texts within the bounds of `assistant.engine.regexes.matching`.

What they find is the same. Where an expression takes too long, they find nothing by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np
from rasa.nlu.classifiers.keyword_intent_classifier import KeywordIntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.extractors.regex_entity_extractor import RegexEntityExtractor
from rasa.nlu.featurizers.sparse_featurizer.regex_featurizer import RegexFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import (
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import coo_matrix

from assistant.engine.regexes.matching import BoundedRegex, BoundedRegexes, overlaps
from assistant.engine.types import Json

Features = tuple[coo_matrix | None, coo_matrix | None]
MOST_ENTITIES = 500  # that expressions find in one text


def apply() -> None:
    """In this process, from now on."""
    RegexFeaturizer._features_for_patterns = _features_for_patterns
    RegexEntityExtractor._extract_entities = _extract_entities
    KeywordIntentClassifier._map_keyword_to_intent = _map_keyword_to_intent
    KeywordIntentClassifier._validate_keyword_map = _validate_keyword_map
    Tokenizer.__init__ = _init_tokenizer
    YAMLStoryReader._entities_from_regex_match = staticmethod(_entities_from_regex_match)


def _features_for_patterns(self: RegexFeaturizer, message: Message, attribute: str) -> Features:
    """Rasa's method, but a match is not compared with every token."""
    text, tokens = message.get(attribute), message.get(TOKENS_NAMES[attribute], [])
    if not text or not tokens:
        return None, None
    sequence = np.zeros([len(tokens), len(self.known_patterns)])
    found = [token.get("pattern", default={}) for token in tokens]
    regexes = _of_patterns(self, self.known_patterns)
    for column, (pattern, spans) in enumerate(zip(self.known_patterns, regexes.spans(text), strict=True)):
        for row, token in enumerate(tokens):
            found[row][pattern["name"]] = matched = overlaps(spans, token.start, token.end)
            sequence[row][column] = float(matched)
    for token, patterns in zip(tokens, found, strict=True):
        token.set("pattern", patterns)
    return coo_matrix(sequence), coo_matrix(sequence.max(axis=0, keepdims=True))


def _extract_entities(self: RegexEntityExtractor, message: Message) -> list[Json]:
    text = message.get(TEXT)
    found = (
        {
            ENTITY_ATTRIBUTE_TYPE: pattern["name"],
            ENTITY_ATTRIBUTE_START: start,
            ENTITY_ATTRIBUTE_END: end,
            ENTITY_ATTRIBUTE_VALUE: text[start:end],
        }
        for pattern, spans in zip(self.patterns, _of_patterns(self, self.patterns).spans(text), strict=True)
        for start, end in spans
    )
    return list(islice(found, MOST_ENTITIES))


def _map_keyword_to_intent(self: KeywordIntentClassifier, text: str) -> str | None:
    """Keywords are expressions to Rasa."""
    found = _of_keywords(self).spans(text)
    intents: Iterable[str] = self.intent_keyword_map.values()
    return next((intent for intent, spans in zip(intents, found, strict=True) if spans), None)


def _validate_keyword_map(self: KeywordIntentClassifier) -> None:
    """Keywords that are found in one of another intent say nothing."""
    ambiguous = set[str]()
    for keyword, intent in self.intent_keyword_map.items():
        pairs = zip(self.intent_keyword_map.items(), _of_keywords(self).spans(keyword), strict=True)
        ambiguous |= {shorter for (shorter, other), spans in pairs if spans and other != intent}
    self.intent_keyword_map = {name: it for name, it in self.intent_keyword_map.items() if name not in ambiguous}


def _of_keywords(classifier: KeywordIntentClassifier) -> BoundedRegexes:
    keywords = classifier.intent_keyword_map
    return _made_once(classifier, keywords, lambda: [(keyword, rf"\b{keyword}\b") for keyword in keywords])


def _of_patterns(component: RegexFeaturizer | RegexEntityExtractor, patterns: list[dict[str, str]]) -> BoundedRegexes:
    return _made_once(component, patterns, lambda: [(pattern["name"], pattern["pattern"]) for pattern in patterns])


def _made_once(component: Any, source: object, named: Callable[[], list[tuple[str, str]]]) -> BoundedRegexes:
    """Kept on the component: they remember which ones were too slow. `source`: what they are made of, which training
    replaces."""
    if getattr(component, "_made_of", None) is not source:
        component._regexes = BoundedRegexes(named(), ignore_case=not component.case_sensitive)
        component._made_of = source
    regexes: BoundedRegexes = component._regexes
    return regexes


_rasas_init = Tokenizer.__init__


def _init_tokenizer(self: Tokenizer, config: Json) -> None:
    _rasas_init(self, config)
    if self.token_pattern_regex is not None:
        self.token_pattern_regex = _TokenPattern(self.token_pattern_regex.pattern)


class _TokenPattern:
    """In place of the compiled expression. A token of which it finds nothing stays whole."""

    def __init__(self, pattern: str) -> None:
        self._regex = BoundedRegex("token_pattern", pattern)

    def findall(self, text: str) -> list[str]:
        return self._regex.texts(text)


_rasas_entities: Callable[..., list[Json]] = YAMLStoryReader._entities_from_regex_match


def _entities_from_regex_match(match: re.Match[str], domain: Any, extractor_name: str | None) -> list[Json]:
    """Of a message like `/order{"city": "Rome"}`, which anybody may type: none where no database can hold them."""
    try:
        found = _rasas_entities(match, domain, extractor_name)
        written = json.dumps(found, allow_nan=False, ensure_ascii=False)
        written.encode()
    except (RecursionError, ValueError):
        return []
    return [] if r"\u0000" in written else found
