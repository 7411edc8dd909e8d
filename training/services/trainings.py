"""Trainings: asked for, done by a worker, written down."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from assistant.engine import Archive, OnProgress, TrainingFailed, get_engine
from assistant.engine.archives import sign
from assistant.lib import audit
from assistant.lib.database import write_transaction
from training.bundles import bundle_of
from training.jobs import Finish, handles
from training.models import Bot, Job, ModelVersion, TrainingSet
from training.selectors.evaluations import unseen_by
from training.selectors.jobs import TO_DO
from training.selectors.versions import live_version
from training.services.evaluating import ask_for_comparison
from training.services.locking import locked
from training.services.queue import add_job
from training.services.running import do_or_watch
from training.services.seeding import training_set_of
from training.services.versions import named_version


def ask_for_training(*, bot: Bot, by: User | None, note: str = "") -> Job:
    """Freeze what the bot is taught now and queue its training. Where the very same waits or runs already, that one is
    returned. Raises TrainingFailed where there is nothing to train on."""
    taught = training_set_of(bot=bot)
    with write_transaction():
        locked(bot)
        if not TrainingSet.objects.filter(pk=taught.pk).exists():  # it was another version's, and cleaned away just now
            taught.save(force_insert=True)
        under_way = Job.objects.filter(bot=bot, kind="train", status__in=TO_DO, version__training_set=taught)
        return under_way.select_related("version").first() or _asked(bot, taught, by, note)


def train_version(
    *, bot: Bot, on_progress: OnProgress | None = None, by: User | None = None, note: str = ""
) -> ModelVersion:
    """Train in this process as soon as the bot's other jobs are done, or watch the worker that was quicker. Ctrl-C
    cancels it. Raises TrainingFailed, with the version kept as failed."""
    job = do_or_watch(ask_for_training(bot=bot, by=by, note=note), on_progress)
    if job.status != Job.Status.DONE:
        raise TrainingFailed(job.error or f"The training was {job.get_status_display().lower()}.")
    assert job.version_id is not None
    return ModelVersion.objects.get(pk=job.version_id)


@handles("train")
def train(job: Job, tell: OnProgress) -> Finish:
    """The archive is made in a folder of this attempt, and takes its place together with the rows."""
    version = job.version
    assert version is not None
    assert version.training_set is not None
    folder = settings.VAR_DIR / "models" / "unfinished" / f"{version.name}-{job.attempts}"
    for left in folder.parent.glob(f"{version.name}-*"):  # by a worker that died
        shutil.rmtree(left, ignore_errors=True)
    try:
        archive = get_engine().train(bundle_of(version.training_set), folder, version.name, tell)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return partial(_finish, job, version, archive, folder, bool(unseen_by(version)))


def _asked(bot: Bot, taught: TrainingSet, by: User | None, note: str) -> Job:
    version = named_version(bot=bot, training_set=taught, parent=live_version(bot), created_by=by, note=note[:200])
    words = f"{taught.example_count:,} examples of {taught.intent_count:,} intents"
    audit.record(version, {"training_set": (None, words)}, by=by, action=audit.CREATED)
    return add_job(bot=bot, kind="train", by=by, version=version)


def _finish(job: Job, version: ModelVersion, archive: Archive, folder: Path, evaluable: bool) -> None:
    archive.path.replace(version.path)
    shutil.rmtree(folder, ignore_errors=True)
    version.status, version.error = ModelVersion.Status.READY, ""
    version.sha256, version.signature = archive.sha256, sign(archive.sha256)
    version.size, version.memory = archive.size, archive.memory
    version.train_seconds, version.history_turns = round(archive.seconds, 2), archive.history_turns
    version.save()
    if evaluable:
        ask_for_comparison(version=version)
