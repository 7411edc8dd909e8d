"""Files and rows, put together to what a bot is trained on. Nothing here writes to the database."""

from training.bundles.building import build_bundle
from training.bundles.pipeline import Pipeline, pipeline_in
from training.bundles.reading import training_data_in
from training.bundles.training_sets import Difference, build_training_set, bundle_of, compare_training_sets, examples_in
from training.bundles.types import RenamedIntent, TrainingData, TrainingExample
from training.bundles.usage import Usage, usage_in

__all__ = [
    "Difference",
    "Pipeline",
    "RenamedIntent",
    "TrainingData",
    "TrainingExample",
    "Usage",
    "build_bundle",
    "build_training_set",
    "bundle_of",
    "compare_training_sets",
    "examples_in",
    "pipeline_in",
    "training_data_in",
    "usage_in",
]
