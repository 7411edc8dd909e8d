"""The classes that a bot may name. Rasa imports whatever dotted path its YAML or its archives name, so a name is code.

What may be set on them stands in `parameters`, which of a model's files they read in `archive_files`. Nothing here
imports Rasa.
"""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings

_PIPELINE = {
    "rasa.nlu.classifiers.diet_classifier": ["DIETClassifier"],
    "rasa.nlu.classifiers.fallback_classifier": ["FallbackClassifier"],
    "rasa.nlu.classifiers.keyword_intent_classifier": ["KeywordIntentClassifier"],
    "rasa.nlu.classifiers.logistic_regression_classifier": ["LogisticRegressionClassifier"],
    "rasa.nlu.classifiers.mitie_intent_classifier": ["MitieIntentClassifier"],
    "rasa.nlu.classifiers.regex_message_handler": ["RegexMessageHandler"],
    "rasa.nlu.classifiers.sklearn_intent_classifier": ["SklearnIntentClassifier"],
    "rasa.nlu.extractors.crf_entity_extractor": ["CRFEntityExtractor"],
    "rasa.nlu.extractors.duckling_entity_extractor": ["DucklingEntityExtractor"],
    "rasa.nlu.extractors.entity_synonyms": ["EntitySynonymMapper"],
    "rasa.nlu.extractors.mitie_entity_extractor": ["MitieEntityExtractor"],
    "rasa.nlu.extractors.regex_entity_extractor": ["RegexEntityExtractor"],
    "rasa.nlu.extractors.spacy_entity_extractor": ["SpacyEntityExtractor"],
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ["ConveRTFeaturizer"],
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ["LanguageModelFeaturizer"],
    "rasa.nlu.featurizers.dense_featurizer.mitie_featurizer": ["MitieFeaturizer"],
    "rasa.nlu.featurizers.dense_featurizer.spacy_featurizer": ["SpacyFeaturizer"],
    "rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer": ["CountVectorsFeaturizer"],
    "rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer": ["LexicalSyntacticFeaturizer"],
    "rasa.nlu.featurizers.sparse_featurizer.regex_featurizer": ["RegexFeaturizer"],
    "rasa.nlu.selectors.response_selector": ["ResponseSelector"],
    "rasa.nlu.tokenizers.jieba_tokenizer": ["JiebaTokenizer"],
    "rasa.nlu.tokenizers.mitie_tokenizer": ["MitieTokenizer"],
    "rasa.nlu.tokenizers.spacy_tokenizer": ["SpacyTokenizer"],
    "rasa.nlu.tokenizers.whitespace_tokenizer": ["WhitespaceTokenizer"],
    "rasa.nlu.utils.mitie_utils": ["MitieNLP"],
    "rasa.nlu.utils.spacy_utils": ["SpacyNLP"],
}
_POLICIES = {
    "rasa.core.policies.memoization": ["MemoizationPolicy", "AugmentedMemoizationPolicy"],
    "rasa.core.policies.rule_policy": ["RulePolicy"],
    "rasa.core.policies.ted_policy": ["TEDPolicy"],
    "rasa.core.policies.unexpected_intent_policy": ["UnexpecTEDIntentPolicy"],
}
_PLUMBING = {
    "rasa.core.featurizers.precomputation": [
        "CoreFeaturizationCollector",
        "CoreFeaturizationInputConverter",
    ],
    "rasa.core.policies.ensemble": ["DefaultPolicyPredictionEnsemble"],
    "rasa.graph_components.converters.nlu_message_converter": ["NLUMessageConverter"],
    "rasa.graph_components.providers.domain_for_core_training_provider": ["DomainForCoreTrainingProvider"],
    "rasa.graph_components.providers.domain_provider": ["DomainProvider"],
    "rasa.graph_components.providers.forms_provider": ["FormsProvider"],
    "rasa.graph_components.providers.nlu_training_data_provider": ["NLUTrainingDataProvider"],
    "rasa.graph_components.providers.responses_provider": ["ResponsesProvider"],
    "rasa.graph_components.providers.rule_only_provider": ["RuleOnlyDataProvider"],
    "rasa.graph_components.providers.story_graph_provider": ["StoryGraphProvider"],
    "rasa.graph_components.providers.training_tracker_provider": ["TrainingTrackerProvider"],
    "rasa.graph_components.validators.default_recipe_validator": ["DefaultV1RecipeValidator"],
    "rasa.graph_components.validators.finetuning_validator": ["FinetuningValidator"],
}
_FEATURIZERS = {
    "rasa.core.featurizers.tracker_featurizers": [
        "FullDialogueTrackerFeaturizer",
        "IntentMaxHistoryTrackerFeaturizer",
        "MaxHistoryTrackerFeaturizer",
    ],
    "rasa.core.featurizers.single_state_featurizer": ["SingleStateFeaturizer", "IntentTokenizerSingleStateFeaturizer"],
}
# Each by name: a module also holds whatever it imports itself.
_OURS = {"assistant.engine.rasa_adapter.components": ["EmbeddingIntentClassifier", "MiniLMFeaturizer"]}

# What must be installed for a component; none of it comes with us.
NEEDS = {
    "ConveRTFeaturizer": "tensorflow_text",
    "JiebaTokenizer": "jieba",
    "LanguageModelFeaturizer": "transformers",
    "MitieEntityExtractor": "mitie",
    "MitieFeaturizer": "mitie",
    "MitieIntentClassifier": "mitie",
    "MitieNLP": "mitie",
    "MitieTokenizer": "mitie",
    "SpacyEntityExtractor": "spacy",
    "SpacyFeaturizer": "spacy",
    "SpacyNLP": "spacy",
    "SpacyTokenizer": "spacy",
}
DUCKLING = "DucklingEntityExtractor"  # calls a host
# They fetch what they run from an address, or read files by path: off until the operator lists them.
OUTSIDE = frozenset({"ConveRTFeaturizer", "LanguageModelFeaturizer", "MitieNLP"})
TENSORFLOW = frozenset({"DIETClassifier", "ResponseSelector", "TEDPolicy", "UnexpecTEDIntentPolicy"})
SLOT_TYPES = frozenset({"any", "bool", "categorical", "float", "list", "text"})
IMPORTERS = frozenset({"RasaFileImporter", "rasa.shared.importers.rasa.RasaFileImporter"})
CONSTRUCTORS = frozenset({"create", "load"})
FUNCTIONS = frozenset(
    {
        "collect",
        "combine_predictions_from_kwargs",
        "convert_for_inference",
        "convert_for_training",
        "convert_user_message",
        "predict_action_probabilities",
        "process",
        "process_training_data",
        "provide",
        "provide_inference",
        "provide_train",
        "train",
        "validate",
    }
)


def _names(classes: dict[str, list[str]]) -> frozenset[str]:
    # A class may be named with its module or without.
    return frozenset(name for module, names in classes.items() for c in names for name in (c, f"{module}.{c}"))


PIPELINE, POLICIES, FEATURIZERS = _names(_PIPELINE), _names(_POLICIES), _names(_FEATURIZERS)
GRAPH = frozenset(
    f"{module}.{name}"
    for classes in (_PIPELINE, _POLICIES, _PLUMBING)
    for module, names in classes.items()
    for name in names
)
OURS = frozenset(f"{module}.{name}" for module, names in _OURS.items() for name in names)
# Whatever Rasa may be asked to import.
IMPORTED = GRAPH | OURS | PIPELINE | POLICIES | FEATURIZERS | IMPORTERS


def is_ours(name: str) -> bool:
    """Whether the dotted path names a component of this project."""
    return name in OURS


def class_name(name: str) -> str:
    """The last part of a dotted path."""
    return name.rpartition(".")[2]


def why_unavailable(component: str) -> str:
    """Why a component that may be named can't be used here, as the end of a sentence; empty where it can."""
    package = NEEDS.get(component)
    if package and not find_spec(package):
        return f"needs {package}, which is not installed here"
    if component in OUTSIDE and component not in settings.OUTSIDE_COMPONENTS:
        return "runs what it fetches or reads from elsewhere: it is off until OUTSIDE_COMPONENTS names it"
    return ""
