"""What a bot is trained from: its files, read and put together with the rows that staff edit. Nothing here writes to
the database."""

from training.bundles.building import build_bundle
from training.bundles.reading import TrainingData, TrainingExample, training_data_in
from training.bundles.renaming import RenamedIntent, current_name, rename_in_buttons
from training.bundles.training_sets import Difference, build_training_set, bundle_of, compare_training_sets, examples_in
from training.bundles.usage import Pipeline, Usage, pipeline_in, usage_in

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
    "current_name",
    "examples_in",
    "pipeline_in",
    "rename_in_buttons",
    "training_data_in",
    "usage_in",
]
