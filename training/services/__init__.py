"""Writes to bots, what they are taught, jobs and versions."""

from training.services.downloading import archive_for_download
from training.services.evaluating import ask_for_evaluation, evaluate_version
from training.services.examples import (
    add_example,
    change_example,
    confirm_examples,
    delete_examples,
    hold_out_examples,
    keep_examples,
    move_examples,
)
from training.services.intents import (
    create_intent,
    delete_intent,
    drop_unused_intent,
    rename_intent,
    set_answer,
)
from training.services.judged import put_back_judged, teach_judged
from training.services.merging import Merge, merge_intents, unmerge_intents
from training.services.queue import ask_for_job, cancel_job, release_dead_jobs
from training.services.responses import delete_response, save_response
from training.services.running import work
from training.services.seeding import replace_files, seed_bot, training_set_of
from training.services.sources import forget_sources
from training.services.synonyms import delete_synonym, save_synonym
from training.services.trainings import ask_for_training, train_version
from training.services.undoing import restore_deleted
from training.services.uploading import upload_version
from training.services.vectors import fill_portion, fill_vectors
from training.services.versions import (
    activate_version,
    delete_version,
    describe_version,
    roll_back,
    warm_up_live_models,
)

__all__ = [
    "Merge",
    "activate_version",
    "add_example",
    "archive_for_download",
    "ask_for_evaluation",
    "ask_for_job",
    "ask_for_training",
    "cancel_job",
    "change_example",
    "confirm_examples",
    "create_intent",
    "delete_examples",
    "delete_intent",
    "delete_response",
    "delete_synonym",
    "delete_version",
    "describe_version",
    "drop_unused_intent",
    "evaluate_version",
    "fill_portion",
    "fill_vectors",
    "forget_sources",
    "hold_out_examples",
    "keep_examples",
    "merge_intents",
    "move_examples",
    "put_back_judged",
    "release_dead_jobs",
    "rename_intent",
    "replace_files",
    "restore_deleted",
    "roll_back",
    "save_response",
    "save_synonym",
    "seed_bot",
    "set_answer",
    "teach_judged",
    "train_version",
    "training_set_of",
    "unmerge_intents",
    "upload_version",
    "warm_up_live_models",
    "work",
]
