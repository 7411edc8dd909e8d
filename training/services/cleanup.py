"""Cleanup: what of bots, versions and jobs is not needed any more."""

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
from training.selectors.job_queue import UNFINISHED
from training.services.bots import lock_bot
from training.services.versions import delete_files_of_deleted_versions, delete_leftover_uploads

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
    ended = Job.objects.exclude(status__in=UNFINISHED).filter(finished__lt=since)
    shown = Q(kind__in=MADE_IT, version__isnull=False) & ~Q(version__status=Status.DELETED)
    for relation in Job._meta.related_objects:
        shown |= Q(**{f"{relation.name}__isnull": False})
    return delete_in_batches(ended.exclude(shown), until)


@register_cleanup("training sets")
def clean_training_sets(until: float) -> int:
    """Those of versions that were deleted. One that a later version is compared with stays."""
    deleted = 0
    for row in unused_training_sets().select_related("bot").defer("packed"):
        if time.monotonic() >= until:
            break
        with write_transaction():
            # Under the lock under which a training is requested, which may want this very set.
            lock_bot(row.bot)
            if unused_training_sets().filter(pk=row.pk).exists():
                ModelVersion.objects.filter(training_set=row.pk).update(training_set=None)
                deleted += TrainingSet.objects.filter(pk=row.pk).delete()[0]
    return deleted


@register_cleanup("files of models")
def clean_files(until: float) -> int:
    """Of deleted versions, of uploads that never arrived, and of versions that nothing makes or checks any more."""
    models = Path(settings.VAR_DIR) / "models"
    failed = {Status.FAILED, Status.CANCELLED}
    checked = {*Status} - {Status.QUARANTINED}
    made = {*Status} - {Status.QUEUED, Status.TRAINING}
    deleted = delete_files_of_deleted_versions() + delete_leftover_uploads()
    deleted += _delete_abandoned(models.glob("*.tar.gz"), _version_of_archive, failed)
    deleted += _delete_abandoned((models / "quarantine").glob("*.tar.gz"), _version_of_archive, checked)
    # The folder of a training is named after the version and the attempt.
    deleted += _delete_abandoned((models / "unfinished").glob("*"), lambda path: path.name.rpartition("-")[0], made)
    return deleted


def unused_training_sets() -> QuerySet[TrainingSet]:
    """Those of deleted versions only, none of which is the parent of a version that is there."""
    versions = ModelVersion.objects.filter(training_set=OuterRef("pk"))
    there = versions.exclude(status=Status.DELETED)
    children = ModelVersion.objects.filter(parent__training_set=OuterRef("pk")).exclude(status=Status.DELETED)
    return TrainingSet.objects.filter(Exists(versions), ~Exists(there), ~Exists(children))


def _version_of_archive(path: Path) -> str:
    return path.name.removesuffix(".tar.gz")


def _delete_abandoned(paths: Iterable[Path], version_of: Callable[[Path], str], statuses: set[Status]) -> int:
    """An hour after they were last written, those whose version has one of these statuses. What no version is called
    after is somebody else's, and stays."""
    names = {path: version_of(path) for path in paths if time.time() - path.stat().st_mtime > AN_HOUR}
    over = set(ModelVersion.objects.filter(status__in=statuses).values_list("name", flat=True)) if names else set()
    abandoned = [path for path, name in names.items() if name in over]
    for path in abandoned:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(abandoned)
