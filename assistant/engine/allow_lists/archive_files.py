"""The files of a model archive: which component writes which. Whatever else an archive holds is refused, so there is
nothing in it that a component might open by mistake: no pickle, no saved TensorFlow graph, no code.

TensorFlow's weights (`*.tf_model.*`) are numbers by name: Rasa builds the network from the configuration, and
`load_weights` puts the numbers in. Nothing here imports Rasa.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

COMPONENTS = "components"
_DOMAIN, _MEMORY = r"domain\.yml", r"featurizer\.json|memorized_turns\.json"


def _network(name: str) -> str:
    arrays = r"(data_example|label_data|fake_features|label_quantiles)(\.st|_metadata\.json)"
    facts = "sparse_feature_sizes|index_label_id_mapping|entity_tag_specs|responses|retrieval_intents|meta|priority"
    weights = r"tf_model\.(index|data-\d{5}-of-\d{5})"
    return rf"{name}\.({arrays}|({facts})\.json|{weights})|checkpoint|featurizer\.json"


_FILES: dict[str, str] = {
    "AugmentedMemoizationPolicy": _MEMORY,
    "CRFEntityExtractor": r"crf_(dataset|order)\.json",
    "CountVectorsFeaturizer": r"(vocabularies|oov_words)\.json",
    "DIETClassifier": _network("DIETClassifier"),
    "DomainProvider": _DOMAIN,
    "EmbeddingIntentClassifier": r"(intents|words)\.json|intents\.npz",
    "EntitySynonymMapper": r"synonyms\.json",
    "FinetuningValidator": r"fingerprints-for-validation\.json",
    "KeywordIntentClassifier": r"KeywordIntentClassifier\.json",
    "LexicalSyntacticFeaturizer": r"feature_to_idx_dict\.json",
    "LogisticRegressionClassifier": r"[\w.]+\.skops",
    "MemoizationPolicy": _MEMORY,
    "MitieEntityExtractor": r"\w+\.dat",
    "MitieIntentClassifier": r"\w+\.dat",
    "NLUTrainingDataProvider": r"training_data\.(yml|json)",
    "RegexEntityExtractor": r"regex\.json",
    "RegexFeaturizer": r"patterns\.json",
    "ResponseSelector": _network("ResponseSelector"),
    "RuleOnlyDataProvider": r"rule_only_data\.json",
    "RulePolicy": r"(featurizer|rule_policy|rule_only_data)\.json",
    "SklearnIntentClassifier": r"SklearnIntentClassifier_(classifier\.skops|encoder\.json)",
    "TEDPolicy": _network("ted_policy"),
    "UnexpecTEDIntentPolicy": _network("unexpected_intent_policy"),
}
CONFIGURATION = re.compile(r"(ted|unexpected_intent)_policy\.meta\.json")  # a network's own copy of its parameters
POLICY_OF = {"ted": "TEDPolicy", "unexpected_intent": "UnexpecTEDIntentPolicy"}


def first_unexpected(names: Iterable[str], readers: Mapping[str, Iterable[str]], beside: Iterable[str]) -> str:
    """The first of the archive's files that no component of it writes, or empty. `readers`: by folder the components
    (without their modules) that use it; `beside`: what may stand at the top."""
    known = {
        folder: re.compile("|".join(f"(?:{_FILES[component]})" for component in components if component in _FILES))
        for folder, components in readers.items()
    }
    at_the_top = {".", COMPONENTS, *beside}
    for name in names:
        top, _, rest = name.partition("/")
        folder, _, file = rest.partition("/")
        ours = top == COMPONENTS and folder in known and (not file or known[folder].fullmatch(file))
        if name not in at_the_top and not ours:
            return name
    return ""
