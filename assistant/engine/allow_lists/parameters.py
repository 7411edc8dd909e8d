"""What a bot may set on the components that it names, each by its name and the shape of its value.

A component that may be named is not thereby harmless: Rasa's ConveRTFeaturizer runs the TensorFlow graph at its
`model_url`, JiebaTokenizer copies the file at its `dictionary_path` into the model. So what names an address, a file,
a folder, a model or a class is refused unless the operator has turned that component on. Nothing here imports Rasa.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assistant.engine.allow_lists import components

LONGEST_TEXT = 500
MOST_VALUES = 1_000  # in one parameter
DEEPEST = 3  # a policy's featurizer's featurizer
LARGEST = 1e9
REACHES_OUT = re.compile(r"[/\\\0]|\$\{|^~|^[A-Za-z]\w*\.[A-Za-z_]\w*")  # a path, an address, a dotted path, a variable
NAME = re.compile(r"[A-Za-z][\w-]{0,99}")


@dataclass(frozen=True)
class Shape:
    """`words` complete the sentence "takes ...". None, which means "not set", suits every shape."""

    words: str
    suits: Callable[[Any], bool]


def _is_flag(value: Any) -> bool:
    """Rasa reads YAML 1.2, in which `yes` is a word; it counts as true all the same."""
    return isinstance(value, bool) or value in ("yes", "no", "on", "off", "true", "false", "True", "False", 0, 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= LARGEST  # nor is NaN


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= LARGEST


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value


def _is_regex(value: Any) -> bool:
    try:
        return _is_text(value) and len(value) <= 200 and bool(re.compile(value))
    except (re.error, RecursionError, OverflowError):
        return False


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _are(suits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """One value, or lists and mappings of such. A YAML alias may stand in many places, or in itself."""

    def check(value: Any) -> bool:
        leaves = _leaves(value)
        return all(suits(leaf) for leaf in leaves) if leaves is not None else False

    return check


def _leaves(value: Any) -> list[Any] | None:
    """None for what is too large or has keys that are no words."""
    waiting, found = [value], list[Any]()
    for seen in range(MOST_VALUES):
        if not waiting:
            return found
        item = waiting.pop()
        if isinstance(item, dict):
            if not all(_is_text(key) for key in item):
                return None
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        else:
            found.append(item)
        if len(waiting) + seen > MOST_VALUES:
            return None
    return None


FLAG = Shape("true or false", _is_flag)
FLAGS = Shape("true or false, or those by name", _are(_is_flag))
NUMBER = Shape("a number", _is_number)
NUMBERS = Shape("a number, or lists of numbers", _are(_is_number))
COUNT = Shape("a whole number from -1 up", _is_count)
FEW = Shape("a whole number from 1 to 8", lambda value: _is_count(value) and 1 <= value <= 8)
ROUNDS = Shape("a whole number from 1 to 1000", lambda value: _is_count(value) and 1 <= value <= 1_000)
SECONDS = Shape("a number of seconds up to 10", lambda value: _is_number(value) and 0 < value <= 10)
WORD = Shape("a word", _is_word)
WORDS = Shape("a word, or lists of words", _are(_is_word))
TEXT = Shape(f"a text of at most {LONGEST_TEXT} characters", _is_text)
TEXTS = Shape(f"a list of texts of at most {LONGEST_TEXT} characters", _are(_is_text))
REGEX = Shape("a regular expression of at most 200 characters", _is_regex)
OUTSIDE = Shape("nothing here: it names an address, a file or a model", lambda value: False)


def _each(names: str, shape: Shape) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), shape)


_NEURAL = {
    **_each("hidden_layers_sizes transformer_size number_of_transformer_layers batch_size dense_dimension", NUMBERS),
    **_each("concat_dimension encoding_dimension embedding_dimension number_of_attention_heads", NUMBERS),
    **_each("share_hidden_layers use_key_relative_attention use_value_relative_attention", FLAG),
    **_each("unidirectional_encoder use_maximum_negative_similarity scale_loss use_masked_language_model", FLAG),
    **_each("use_sparse_input_dropout use_dense_input_dropout intent_classification entity_recognition", FLAG),
    **_each("BILOU_flag checkpoint_model constrain_similarities renormalize_confidences run_eagerly", FLAG),
    **_each("drop_small_last_batch use_gpu use_text_as_label", FLAG),
    **_each("split_entities_by_comma", FLAGS),
    **_each("max_relative_position epochs epoch_override random_seed ranking_length max_training_samples", COUNT),
    **_each("number_of_negative_examples evaluate_every_number_of_epochs evaluate_on_number_of_examples", COUNT),
    **_each("learning_rate maximum_positive_similarity maximum_negative_similarity regularization_constant", NUMBER),
    **_each("negative_margin_scale drop_rate drop_rate_attention drop_rate_dialogue drop_rate_label", NUMBER),
    **_each("connection_density e2e_confidence_threshold tolerance finetuning_epoch_fraction", NUMBER),
    **_each("batch_strategy similarity_type loss_type model_confidence tensorboard_log_level", WORD),
    **_each("featurizers ignore_intents_list", TEXTS),
    **_each("retrieval_intent", TEXT),
    **_each("tensorboard_log_directory", OUTSIDE),
}
_POLICY = {**_each("priority max_history", COUNT), **_each("use_nlu_confidence_as_score", FLAG)}
_TOKENIZER = {
    **_each("intent_tokenization_flag", FLAG),
    **_each("intent_split_symbol prefix_separator_symbol", TEXT),
    **_each("token_pattern", REGEX),
    **_each("case_sensitive", FLAG),  # of Rasa 1; its configurations still have it
}
_ALIAS = _each("alias", TEXT)
_PATTERNS = {
    **_ALIAS,
    **_each("case_sensitive use_lookup_tables use_regexes use_word_boundaries", FLAG),
    **_each("number_additional_patterns", COUNT),
}
_BY_COMPONENT: dict[str, dict[str, Shape]] = {
    # Of ours
    "EmbeddingIntentClassifier": _each("ranking_length", COUNT),
    "MiniLMFeaturizer": {},
    # Pipeline
    "ConveRTFeaturizer": {**_ALIAS, **_each("model_url", OUTSIDE)},
    "CountVectorsFeaturizer": {
        **_ALIAS,
        **_each("use_shared_vocab lowercase use_lemma", FLAG),
        **_each("analyzer strip_accents", WORD),
        **_each("stop_words OOV_words", TEXTS),
        **_each("OOV_token", TEXT),
        **_each("min_df max_df", NUMBER),
        **_each("min_ngram max_ngram max_features", COUNT),
        **_each("additional_vocabulary_size", NUMBERS),
        **_each("token_pattern", REGEX),
    },
    "CRFEntityExtractor": {
        **_each("BILOU_flag", FLAG),
        **_each("split_entities_by_comma", FLAGS),
        **_each("features", WORDS),
        **_each("featurizers", TEXTS),
        **_each("max_iterations", ROUNDS),  # it learns each time a model is loaded
        **_each("L1_c L2_c", NUMBER),
    },
    "DIETClassifier": _NEURAL,
    components.DUCKLING: {
        **_each("dimensions", WORDS),
        **_each("locale timezone", TEXT),
        **_each("timeout", SECONDS),
        **_each("url", TEXT),  # never used: DUCKLING_URL takes its place
    },
    "EntitySynonymMapper": {},
    "FallbackClassifier": _each("threshold ambiguity_threshold", NUMBER),
    "JiebaTokenizer": {**_TOKENIZER, **_each("dictionary_path", OUTSIDE)},
    "KeywordIntentClassifier": _each("case_sensitive", FLAG),
    "LanguageModelFeaturizer": {**_ALIAS, **_each("model_name model_weights cache_dir", OUTSIDE)},
    "LexicalSyntacticFeaturizer": {**_ALIAS, **_each("features", WORDS)},
    "LogisticRegressionClassifier": {
        **_each("max_iter random_state ranking_length", COUNT),
        **_each("tol", NUMBER),
        **_each("solver", WORD),
    },
    "MitieEntityExtractor": _each("num_threads", FEW),
    "MitieFeaturizer": {**_ALIAS, **_each("pooling", WORD)},
    "MitieIntentClassifier": _each("num_threads", FEW),
    "MitieNLP": _each("model", OUTSIDE),
    "MitieTokenizer": _TOKENIZER,
    "RegexEntityExtractor": _PATTERNS,
    "RegexFeaturizer": _PATTERNS,
    "RegexMessageHandler": {},
    "ResponseSelector": _NEURAL,
    "SklearnIntentClassifier": {
        **_each("C gamma", NUMBERS),
        **_each("kernels scoring_function", WORDS),
        **_each("max_cross_validation_folds", COUNT),
        **_each("num_threads", FEW),
    },
    "SpacyEntityExtractor": _each("dimensions", WORDS),
    "SpacyFeaturizer": {**_ALIAS, **_each("pooling", WORD)},
    "SpacyNLP": {**_each("model", WORD), **_each("case_sensitive", FLAG)},  # the name of a package, no path
    "SpacyTokenizer": _TOKENIZER,
    "WhitespaceTokenizer": _TOKENIZER,
    # Policies, and what makes features for them
    "AugmentedMemoizationPolicy": {**_POLICY, **_each("enable_feature_string_compression", FLAG)},
    "MemoizationPolicy": {**_POLICY, **_each("enable_feature_string_compression", FLAG)},
    "RulePolicy": {
        **_POLICY,
        **_each("core_fallback_threshold", NUMBER),
        **_each("core_fallback_action_name", TEXT),
        **_each("enable_fallback_prediction restrict_rules check_for_contradictions", FLAG),
    },
    "TEDPolicy": {**_POLICY, **_NEURAL},
    "UnexpecTEDIntentPolicy": {**_POLICY, **_NEURAL},
    "FullDialogueTrackerFeaturizer": {},
    "IntentMaxHistoryTrackerFeaturizer": {**_each("max_history", COUNT), **_each("remove_duplicates", FLAG)},
    "MaxHistoryTrackerFeaturizer": {**_each("max_history", COUNT), **_each("remove_duplicates", FLAG)},
    "SingleStateFeaturizer": {},
    "IntentTokenizerSingleStateFeaturizer": {},
    # What only an archive names
    "FinetuningValidator": _each("validate_core validate_nlu", FLAG),
    "NLUTrainingDataProvider": {**_each("language", TEXT), **_each("persist", FLAG)},
    "StoryGraphProvider": _each("exclusion_percentage", COUNT),
    "TrainingTrackerProvider": {
        **_each("remove_duplicates use_story_concatenation debug_plots", FLAG),
        **_each("unique_last_num_states augmentation_factor tracker_limit", COUNT),
    },
}
FEATURIZERS = ("featurizer", "state_featurizer")


@dataclass(frozen=True)
class Refusal:
    """`culprit`: the key or the name that is refused."""

    culprit: str
    reason: str


def refusals(component: str, parameters: Mapping[Any, Any], depth: int = 1) -> Iterator[Refusal]:
    """What `component`, a class's name without its module, may not be given; what its featurizers may not, too."""
    known = _BY_COMPONENT.get(component, {})
    for key, value in parameters.items():
        if key == "name" or value is None:
            continue
        if key in FEATURIZERS:
            yield from _refused_featurizers(component, value, depth)
        elif key in known:
            if not _suits(component, known[key], value):
                yield Refusal(str(key), f"the parameter '{key}' of '{component}' takes {known[key].words}")
        elif not isinstance(key, str) or not _is_harmless(value):
            yield Refusal(
                str(key),
                f"'{component}' has no parameter '{key}' here, and its value may be a path, an address or a class",
            )


def unknown_parameters(component: str, keys: Iterable[str]) -> list[str]:
    """Of the parameters that were not refused, those that no table here has."""
    known = _BY_COMPONENT.get(component, {})
    return [key for key in keys if key not in known and key not in ("name", "<<", *FEATURIZERS)]


def _suits(component: str, shape: Shape, value: Any) -> bool:
    if shape is OUTSIDE:  # for the operator to allow
        return component in settings.OUTSIDE_COMPONENTS and _is_text(value)
    return shape.suits(value)


def _refused_featurizers(component: str, value: Any, depth: int) -> Iterator[Refusal]:
    for featurizer in value if isinstance(value, list) else [value]:
        if featurizer is None:
            continue
        named = isinstance(featurizer, dict)
        name = featurizer.get("name") if named else featurizer
        if not isinstance(name, str) or name not in components.FEATURIZERS or depth >= DEEPEST:
            yield Refusal(str(name), f"the featurizer '{name}' of '{component}' is unknown or not allowed")
        elif named:
            yield from refusals(components.class_name(name), featurizer, depth + 1)


def _is_harmless(value: Any) -> bool:
    """Numbers and words, and lists of them: nothing that could be looked up, opened or imported."""
    leaves = _leaves(value)
    return leaves is not None and all(
        leaf is None or _is_number(leaf) or (_is_text(leaf) and not REACHES_OUT.search(leaf)) for leaf in leaves
    )
