"""What a bot's pipeline makes of entities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.bundles.yaml_documents import UnreadableYaml, read_yaml, typed

LEARN_ENTITIES = {"CRFEntityExtractor", "DIETClassifier", "MitieEntityExtractor"}  # from features, or not at all
MAPS_SYNONYMS = "EntitySynonymMapper"


@dataclass(frozen=True)
class Pipeline:
    """`learns_entities`: from examples in which they are marked. `maps_synonyms`: to the values that they mean."""

    learns_entities: bool = True
    maps_synonyms: bool = True


def pipeline_in(files: Mapping[str, str]) -> Pipeline:
    """Of one that is not there or can't be read nothing bad is said: training names what is wrong."""
    try:
        items = typed(read_yaml(files.get("config.yml", "")).get("pipeline"))
    except UnreadableYaml:
        return Pipeline()
    named = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    if not named:
        return Pipeline()
    names = {str(item.get("name")).rpartition(".")[2] for item in named if item.get("entity_recognition", True)}
    has_features = any(name.endswith("Featurizer") for name in names)
    return Pipeline(has_features and bool(names & LEARN_ENTITIES), MAPS_SYNONYMS in names)
