"""Evaluations: how often a version names the right intent of messages that it was not trained on."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from django.contrib.auth.models import User

from assistant.engine import Labelled, OnProgress, get_engine
from assistant.lib.errors import FrontdeskError
from training.bundles import bundle_of
from training.jobs import Finish, handles
from training.models import Evaluation, Job, ModelVersion
from training.reports import Report, report_of
from training.selectors.evaluations import unseen_by, was_asked_all
from training.selectors.versions import live_version
from training.services.queue import ask_for_job
from training.services.running import do_or_watch

HELD_OUT, CROSS_VALIDATION = Evaluation.Kind.HELD_OUT, Evaluation.Kind.CROSS_VALIDATION
JOBS = {HELD_OUT: "evaluate", CROSS_VALIDATION: "cross_validate"}
FOLDS, SEED = 5, 0


class CannotEvaluate(FrontdeskError):
    code = "cannot_evaluate"
    status = 409


def ask_for_evaluation(*, version: ModelVersion, kind: str, by: User | None) -> Job:
    """`kind`: one of Evaluation.Kind. Raises CannotEvaluate."""
    if version.status != ModelVersion.Status.READY:
        raise CannotEvaluate(f"{version.name} is {version.get_status_display().lower()}: there is nothing to ask yet.")
    if kind == CROSS_VALIDATION and version.training_set is None:
        raise CannotEvaluate("It was uploaded: what it was trained on is not here, so it can't be cross-validated.")
    if kind == HELD_OUT and not unseen_by(version):
        raise CannotEvaluate("No message is held out for it. Mark messages as correct in a transcript to have some.")
    return ask_for_job(bot=version.bot, kind=JOBS[Evaluation.Kind(kind)], by=by, version=version)


def ask_for_comparison(*, version: ModelVersion) -> None:
    """What is held out is asked of a new version, and of the live one where it was not asked all of it yet."""
    ask_for_evaluation(version=version, kind=HELD_OUT, by=None)
    live = live_version(version.bot)
    if live and live != version and not was_asked_all(live):
        with suppress(CannotEvaluate):
            ask_for_evaluation(version=live, kind=HELD_OUT, by=None)


def evaluate_version(*, version: ModelVersion, kind: str) -> Evaluation:
    """The same in this process, at once. Raises CannotEvaluate."""
    job = do_or_watch(ask_for_evaluation(version=version, kind=kind, by=None))
    if job.status != Job.Status.DONE:
        raise CannotEvaluate(job.error or f"The evaluation was {job.get_status_display().lower()}.")
    return Evaluation.objects.filter(version=version, kind=kind)[0]


@handles("evaluate")
def evaluate(job: Job, tell: OnProgress) -> Finish:
    version = _version(job)
    asked = [Labelled(row.text, row.intent.name, row.entities) for row in unseen_by(version)]
    guesses = get_engine().evaluate(version.for_engine(), asked, tell)
    return partial(_write, version, HELD_OUT, report_of(guesses))


@handles("cross_validate")
def cross_validate(job: Job, tell: OnProgress) -> Finish:
    """Models of the same data and pipeline, trained without a fifth of the examples each, are asked that fifth."""
    version = _version(job)
    if version.training_set is None:
        raise CannotEvaluate("What it was trained on is not here.")
    folds, seed = int(job.arguments.get("folds", FOLDS)), int(job.arguments.get("seed", SEED))
    guesses = get_engine().cross_validate(bundle_of(version.training_set), folds, seed, tell)
    return partial(_write, version, CROSS_VALIDATION, report_of(guesses), folds=folds, seed=seed)


def _version(job: Job) -> ModelVersion:
    if job.version is None:
        raise CannotEvaluate("The version is gone.")
    return job.version


def _write(version: ModelVersion, kind: str, report: Report, folds: int = 0, seed: int = SEED) -> None:
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
