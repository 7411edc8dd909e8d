"""Writes to bots, their training data, jobs and versions."""

from training.services.bots import freeze_training_set, lock_bot, replace_files, sync_with_files
from training.services.erasure import Traces, erase_examples, forget_sources, traces_of
from training.services.examples import (
    add_example,
    apply_correction,
    change_example,
    confirm_examples,
    delete_examples,
    embed_examples,
    embed_next_batch,
    hold_out_examples,
    keep_examples,
    move_examples,
)
from training.services.intents import (
    create_intent,
    delete_intent,
    merge_intents,
    rename_intent,
    set_answer,
)
from training.services.job_queue import cancel_job, release_dead_jobs, request_job, run_next_job
from training.services.responses_and_synonyms import delete_response, delete_synonym, save_response, save_synonym
from training.services.training_and_evaluation import (
    JOB_KINDS,
    evaluate_version,
    request_evaluation,
    request_training,
    train_version,
)
from training.services.undo import Restored, restore_deleted, undo_change
from training.services.versions import (
    activate_version,
    archive_for_download,
    delete_version,
    describe_version,
    roll_back,
    upload_version,
    warm_up_live_models,
)

__all__ = [
    "JOB_KINDS",
    "Restored",
    "Traces",
    "activate_version",
    "add_example",
    "apply_correction",
    "archive_for_download",
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
    "embed_examples",
    "embed_next_batch",
    "erase_examples",
    "evaluate_version",
    "forget_sources",
    "freeze_training_set",
    "hold_out_examples",
    "keep_examples",
    "lock_bot",
    "merge_intents",
    "move_examples",
    "release_dead_jobs",
    "rename_intent",
    "replace_files",
    "request_evaluation",
    "request_job",
    "request_training",
    "restore_deleted",
    "roll_back",
    "run_next_job",
    "save_response",
    "save_synonym",
    "set_answer",
    "sync_with_files",
    "traces_of",
    "train_version",
    "undo_change",
    "upload_version",
    "warm_up_live_models",
]
