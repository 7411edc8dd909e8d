"""What of bots, versions and jobs is not needed any more."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from assistant.lib.cleanup import delete_in_batches, kept_since, register_cleanup
from assistant.lib.database import write_transaction
from training.models import Job, ModelVersion, TrainingSet
from training.selectors.jobs import TO_DO
from training.services.locking import locked
from training.services.uploading import clear_leftovers
from training.services.versions import clear_deleted

Status = ModelVersion.Status
AN_HOUR = 3600.0
# What made a version, or says how good it is, is shown on its page for as long as it exists.
MADE_IT = ("train", "check_upload")


@register_cleanup("jobs")
def clean_jobs(until: float) -> int:
    """Those that ended, but for the ones that a version is shown with, or something of an upper app."""
    since = kept_since("KEEP_JOBS_DAYS")
    if since is None:
        return 0
    ended = Job.objects.exclude(status__in=TO_DO).filter(finished__lt=since)
    shown = Q(kind__in=MADE_IT, version__isnull=False) & ~Q(version__status=Status.DELETED)
    for relation in Job._meta.related_objects:
        shown |= Q(**{f"{relation.name}__isnull": False})
    return delete_in_batches(ended.exclude(shown), until)


@register_cleanup("training sets")
def clean_training_sets(until: float) -> int:
    """Those of versions that were deleted. One that a later version is compared with stays."""
    gone = 0
    for found in unused_training_sets().select_related("bot").defer("packed"):
        if time.monotonic() >= until:
            break
        gone += _drop(found)
    return gone


@register_cleanup("files of models")
def clean_files(until: float) -> int:
    """Of deleted versions, and what processes that were killed left behind."""
    return clear_deleted() + clear_leftovers() + _clear_abandoned()


def unused_training_sets() -> QuerySet[TrainingSet]:
    versions = ModelVersion.objects.filter(training_set=OuterRef("pk"))
    there = versions.exclude(status=Status.DELETED)
    children = ModelVersion.objects.filter(parent__training_set=OuterRef("pk")).exclude(status=Status.DELETED)
    return TrainingSet.objects.filter(Exists(versions), ~Exists(there), ~Exists(children))


def _drop(found: TrainingSet) -> int:
    """Under the lock under which a training is asked for, which may want this very set."""
    with write_transaction():
        locked(found.bot)
        if not unused_training_sets().filter(pk=found.pk).exists():
            return 0
        ModelVersion.objects.filter(training_set=found.pk).update(training_set=None)
        return TrainingSet.objects.filter(pk=found.pk).delete()[0]


def _clear_abandoned() -> int:
    """Archives and folders of versions that nothing makes or checks any more, an hour after they were last written."""
    models = Path(settings.VAR_DIR) / "models"
    failed = {Status.FAILED, Status.CANCELLED}
    gone = _clear(models.glob("*.tar.gz"), lambda path: path.name.removesuffix(".tar.gz"), failed)
    checked = {*Status} - {Status.QUARANTINED}
    gone += _clear((models / "quarantine").glob("*.tar.gz"), lambda path: path.name.removesuffix(".tar.gz"), checked)
    made = {*Status} - {Status.QUEUED, Status.TRAINING}
    return gone + _clear((models / "unfinished").glob("*"), lambda path: path.name.rpartition("-")[0], made)


def _clear(paths: Iterable[Path], version_of: Callable[[Path], str], statuses: set[Status]) -> int:
    """Those whose version has one of these. What no version is called after is somebody else's, and stays."""
    names = {path: version_of(path) for path in paths if time.time() - path.stat().st_mtime > AN_HOUR}
    over = set(ModelVersion.objects.filter(status__in=statuses).values_list("name", flat=True)) if names else set()
    gone = [path for path, name in names.items() if name in over]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(gone)
