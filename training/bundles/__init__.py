"""What a bot is trained from: its files, read and put together with the rows that staff edit. Nothing here writes to
the database."""

from training.bundles.building import OUR_FILE, answers_in, answers_to_train, build_bundle, responses_to_train
from training.bundles.reading import TrainingData, TrainingExample, training_data_in
from training.bundles.renaming import RenamedIntent, current_name, rename_in_buttons
from training.bundles.training_sets import (
    Difference,
    build_training_set,
    bundle_of,
    compare_training_sets,
    data_in,
    examples_in,
)
from training.bundles.usage import Pipeline, Usage, pipeline_in, usage_in

__all__ = [
    "OUR_FILE",
    "Difference",
    "Pipeline",
    "RenamedIntent",
    "TrainingData",
    "TrainingExample",
    "Usage",
    "answers_in",
    "answers_to_train",
    "build_bundle",
    "build_training_set",
    "bundle_of",
    "compare_training_sets",
    "current_name",
    "data_in",
    "examples_in",
    "pipeline_in",
    "rename_in_buttons",
    "responses_to_train",
    "training_data_in",
    "usage_in",
]
