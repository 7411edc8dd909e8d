"""A version's status follows the job that makes it, in the job's own transactions."""

from __future__ import annotations

from django.db import transaction

from training.models import Job, ModelVersion

JobStatus, Status = Job.Status, ModelVersion.Status
# What makes a version ready is written by the job's handler, at its end.
_MEANS: dict[str, dict[str, str]] = {
    "train": {
        JobStatus.QUEUED: Status.QUEUED,
        JobStatus.RUNNING: Status.TRAINING,
        JobStatus.FAILED: Status.FAILED,
        JobStatus.CANCELLED: Status.CANCELLED,
    },
    "check_upload": {JobStatus.FAILED: Status.FAILED, JobStatus.CANCELLED: Status.CANCELLED},
}


def follow(job: Job) -> None:
    """Called after the job's row was written, in the same transaction."""
    version, status = job.version, _MEANS.get(job.kind, {}).get(job.status)
    if status is None or version is None:
        return
    rows = ModelVersion.objects.filter(pk=version.pk).exclude(status=Status.READY)
    rows.update(status=status, error=job.error)
    if job.kind == "check_upload":
        path = version.quarantine_path
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
