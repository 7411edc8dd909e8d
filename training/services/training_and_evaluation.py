"""Trainings and evaluations: requested, done by a worker, written down.

An evaluation says how often a version names the right intent of messages that it was not trained on.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from assistant.engine import Archive, Labelled, OnProgress, TrainingFailed, get_engine
from assistant.engine.archives import sign
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.bundles import bundle_of
from training.jobs import Finish, register_handler
from training.models import Bot, Evaluation, Job, ModelVersion, TrainingSet
from training.reports import Report, report_of
from training.selectors.job_queue import UNFINISHED
from training.selectors.versions import is_fully_evaluated, live_version, unseen_examples
from training.services.bots import freeze_training_set, lock_bot
from training.services.job_queue import queue_job, request_job, run_or_watch

HELD_OUT, CROSS_VALIDATION = Evaluation.Kind.HELD_OUT, Evaluation.Kind.CROSS_VALIDATION
JOB_KINDS = {HELD_OUT: "evaluate", CROSS_VALIDATION: "cross_validate"}
FOLDS, SEED = 5, 0


class CannotEvaluate(FrontdeskError):
    """There is nothing to ask it, or it is not ready."""

    code = "cannot_evaluate"
    status = 409


def request_training(*, bot: Bot, by: User | None, note: str = "") -> Job:
    """Freeze the bot's training data and queue its training. Where the very same waits or runs already, that one is
    returned. Raises TrainingFailed where there is nothing to train on."""
    training_set = freeze_training_set(bot=bot)
    with write_transaction():
        lock_bot(bot)
        if not TrainingSet.objects.filter(pk=training_set.pk).exists():
            # It was another version's, and cleaned away just now.
            training_set.save(force_insert=True)
        same = Job.objects.filter(bot=bot, kind="train", status__in=UNFINISHED, version__training_set=training_set)
        if job := same.select_related("version").first():
            return job
        parent = live_version(bot)
        version = create_version(bot=bot, training_set=training_set, parent=parent, created_by=by, note=note[:200])
        words = f"{training_set.example_count:,} examples of {training_set.intent_count:,} intents"
        audit.record(version, {"training_set": (None, words)}, by=by, action=audit.CREATED)
        return queue_job(bot=bot, kind="train", by=by, version=version)


def train_version(
    *, bot: Bot, on_progress: OnProgress | None = None, by: User | None = None, note: str = ""
) -> ModelVersion:
    """Train in this process as soon as the bot's other jobs are done, or watch the worker that was quicker. Ctrl-C
    cancels it. Raises TrainingFailed, with the version kept as failed."""
    job = run_or_watch(request_training(bot=bot, by=by, note=note), on_progress)
    if job.status != Job.Status.DONE:
        raise TrainingFailed(job.error or f"The training was {job.get_status_display().lower()}.")
    assert job.version_id is not None
    return ModelVersion.objects.get(pk=job.version_id)


@register_handler("train")
def train(job: Job, report_progress: OnProgress) -> Finish:
    """The archive is made in a folder of this attempt, and takes its place together with the rows."""
    version = job.version
    assert version is not None
    assert version.training_set is not None
    folder = settings.VAR_DIR / "models" / "unfinished" / f"{version.name}-{job.attempts}"
    for left in folder.parent.glob(f"{version.name}-*"):  # by a worker that died
        shutil.rmtree(left, ignore_errors=True)
    # Minutes, in a child process: no transaction is open meanwhile.
    try:
        archive = get_engine().train(bundle_of(version.training_set), folder, version.name, report_progress)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return partial(_finish_training, version, archive, folder, bool(unseen_examples(version)))


def request_evaluation(*, version: ModelVersion, kind: str, by: User | None) -> Job:
    """`kind`: one of Evaluation.Kind. Raises CannotEvaluate."""
    if version.status != ModelVersion.Status.READY:
        raise CannotEvaluate(f"{version.name} is {version.get_status_display().lower()}: there is nothing to ask yet.")
    if kind == CROSS_VALIDATION and version.training_set is None:
        raise CannotEvaluate("It was uploaded: what it was trained on is not here, so it can't be cross-validated.")
    if kind == HELD_OUT and not unseen_examples(version):
        raise CannotEvaluate("No message is held out for it. Mark messages as correct in a transcript to have some.")
    return request_job(bot=version.bot, kind=JOB_KINDS[Evaluation.Kind(kind)], by=by, version=version)


def request_comparison(*, version: ModelVersion) -> None:
    """Evaluate a new version on what is held out, and the live one where its newest evaluation has not all of it."""
    request_evaluation(version=version, kind=HELD_OUT, by=None)
    live = live_version(version.bot)
    if live and live != version and not is_fully_evaluated(live):
        with suppress(CannotEvaluate):
            request_evaluation(version=live, kind=HELD_OUT, by=None)


def evaluate_version(*, version: ModelVersion, kind: str) -> Evaluation:
    """As `request_evaluation`, in this process, at once. Raises CannotEvaluate."""
    job = run_or_watch(request_evaluation(version=version, kind=kind, by=None))
    if job.status != Job.Status.DONE:
        raise CannotEvaluate(job.error or f"The evaluation was {job.get_status_display().lower()}.")
    return Evaluation.objects.filter(version=version, kind=kind)[0]


@register_handler("evaluate")
def evaluate(job: Job, report_progress: OnProgress) -> Finish:
    """Asks the version for the intents of what is held out."""
    version = _version_of(job)
    held_out = [Labelled(row.text, row.intent.name, row.entities) for row in unseen_examples(version)]
    guesses = get_engine().evaluate(version.for_engine(), held_out, report_progress)
    return partial(_write_evaluation, version, HELD_OUT, report_of(guesses))


@register_handler("cross_validate")
def cross_validate(job: Job, report_progress: OnProgress) -> Finish:
    """Models of the same data and pipeline, trained without a fifth of the examples each, are asked that fifth."""
    version = _version_of(job)
    if version.training_set is None:
        raise CannotEvaluate("What it was trained on is not here.")
    folds, seed = int(job.arguments.get("folds", FOLDS)), int(job.arguments.get("seed", SEED))
    guesses = get_engine().cross_validate(bundle_of(version.training_set), folds, seed, report_progress)
    return partial(_write_evaluation, version, CROSS_VALIDATION, report_of(guesses), folds=folds, seed=seed)


def create_version(*, bot: Bot, **fields: Any) -> ModelVersion:
    """A new row, called after its bot and the minute: `main-20261121-1209`. Called in a transaction."""
    stem = f"{bot.name}-{timezone.localtime():%Y%m%d-%H%M}"
    for number in count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        # Two may be made in the same minute: the unique name decides, not a look at what is there.
        try:
            with transaction.atomic():
                return ModelVersion.objects.create(bot=bot, name=name, **fields)
        except IntegrityError:
            if not ModelVersion.objects.filter(name=name).exists():
                raise
    raise AssertionError


def _finish_training(version: ModelVersion, archive: Archive, folder: Path, evaluable: bool) -> None:
    archive.path.replace(version.path)
    shutil.rmtree(folder, ignore_errors=True)
    version.status, version.error = ModelVersion.Status.READY, ""
    version.sha256, version.signature = archive.sha256, sign(archive.sha256)
    version.size, version.memory = archive.size, archive.memory
    version.train_seconds, version.history_turns = round(archive.seconds, 2), archive.history_turns
    version.save()
    if evaluable:
        request_comparison(version=version)


def _version_of(job: Job) -> ModelVersion:
    if job.version is None:
        raise CannotEvaluate("The version is gone.")
    return job.version


def _write_evaluation(version: ModelVersion, kind: str, report: Report, folds: int = 0, seed: int = SEED) -> None:
    Evaluation.objects.create(
        version=version,
        kind=kind,
        folds=folds,
        seed=seed,
        example_count=report["count"],
        accuracy=report["accuracy"][0] if report["accuracy"] else None,
        macro_f1=report["macro_f1"],
        report=report,
    )
