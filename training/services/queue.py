"""The queue: ask for work, claim it, end it. One job runs per bot; the row is the job.

The database's clock decides. A worker that dies stops renewing its lease (`running.py`), and its job is queued once
more. All updates of a running job name its worker: one that comes late changes nothing.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import single_write, write_transaction
from assistant.lib.errors import FrontdeskError
from training.jobs import Finish
from training.models import Bot, Job, ModelVersion
from training.selectors.jobs import LEASE_SECONDS, TO_DO, claimable, dead
from training.services.following import follow
from training.services.locking import locked
from training.signals import job_asked

log = logging.getLogger("frontdesk.queue")
ATTEMPTS = 2  # workers that may die over one job
TWICE = "twice in the middle of it; perhaps it ran out of memory. You can start it once more."
Status = Job.Status


class JobEnded(FrontdeskError):
    code = "job_ended"
    status = 409


def ask_for_job(*, bot: Bot, kind: str, by: User | None, version: ModelVersion | None = None, **arguments: Any) -> Job:
    """The new job; or the one that waits or runs already, where it is asked for a second time."""
    with write_transaction():
        locked(bot)
        same = Job.objects.filter(bot=bot, kind=kind, version=version, arguments=arguments, status__in=TO_DO).first()
        if same:
            return same
        job = add_job(bot=bot, kind=kind, by=by, version=version, **arguments)
        audit.record(job, {"kind": (None, kind)}, by=by, action=audit.CREATED)
    return job


def add_job(*, bot: Bot, kind: str, by: User | None, version: ModelVersion | None = None, **arguments: Any) -> Job:
    """For what is noted by itself: an upload is checked, a replay is said. In the caller's transaction."""
    job = Job.objects.create(bot=bot, kind=kind, version=version, arguments=arguments, requested_by=by)
    transaction.on_commit(lambda: job_asked.send(Job, job_id=job.pk))
    return job


def cancel_job(*, job: Job, by: User | None) -> Job:
    """What waits ends at once; what runs, within two seconds. Raises JobEnded."""
    with write_transaction():
        row = Job.objects.select_for_update(of=("self",)).select_related("version").get(pk=job.pk)
        if row.status not in TO_DO:
            raise JobEnded(f"It is {row.get_status_display().lower()} already.")
        row.cancel_asked = True
        if row.status == Status.QUEUED:
            row.status, row.finished = Status.CANCELLED, timezone.now()
        row.save(update_fields=["cancel_asked", "status", "finished"])
        follow(row)
        audit.record(row, {"cancel_asked": (False, True)}, by=by)
    return row


def claim(*, worker: str, only: Job | None = None) -> Job | None:
    """The oldest job that may begin, now this worker's; None where there is none (or not `only` that one)."""
    rows = claimable().filter(pk=only.pk) if only else claimable()
    token = f"{worker[:50]} {secrets.token_hex(4)}"
    with single_write():
        waiting = list(rows.values_list("pk", flat=True)[:20])
    for job_id in waiting:
        try:
            with write_transaction():
                if _taken(job_id, token):
                    job = _row(job_id)
                    follow(job)
                    return job
        except IntegrityError:
            log.debug("job %s: another one of its bot was claimed at the same moment", job_id)
    return None


def renew(job: Job) -> bool:
    """False where the job is another worker's by now."""
    return bool(running(job).update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS)))


def running(job: Job) -> Any:
    """Its row, while this worker has it."""
    return Job.objects.filter(pk=job.pk, worker=job.worker, status=Status.RUNNING)


def end(*, job: Job, status: Job.Status, finish: Finish | None = None, **fields: Any) -> bool:
    """Write the job's end, and in the same transaction what `finish` and its version have to write. False, and nothing
    written, where another worker has it by now."""
    with write_transaction():
        if not running(job).update(status=status, finished=Now(), lease_until=None, **fields):
            return False
        if finish:
            finish()
        follow(_row(job.pk))
    return True


def give_back(*, job: Job) -> None:
    """Queue it once more: the database went away in the middle of it."""
    with write_transaction():
        if running(job).update(worker="", lease_until=None, **_tried_again(job, "The database went away")):
            follow(_row(job.pk))


def release_dead_jobs() -> int:
    """Queue what a dead worker left, or end it in words where that happened before. Returns how many it were."""
    return sum(_released(job) for job in dead().select_related("version"))


def _taken(job_id: int, worker: str) -> bool:
    lease = Now() + timedelta(seconds=LEASE_SECONDS)
    begun = {"status": Status.RUNNING, "worker": worker, "lease_until": lease, "started": Now()}
    clean = {"step": "", "done": 0, "total": 0, "steps": [], "memory": 0}
    waiting = Job.objects.filter(pk=job_id, status=Status.QUEUED)
    return bool(waiting.update(**begun, **clean, attempts=F("attempts") + 1))


def _released(job: Job) -> bool:
    with write_transaction():
        left = Job.objects.filter(pk=job.pk, worker=job.worker).filter(pk__in=dead().values("pk"))
        if not left.update(worker="", lease_until=None, **_tried_again(job, "The server stopped")):
            return False
        follow(_row(job.pk))
    log.warning("job %s: its worker died", job.pk)
    return True


def _tried_again(job: Job, what: str) -> dict[str, Any]:
    if job.cancel_asked:
        return {"status": Status.CANCELLED, "finished": Now()}
    if job.attempts >= ATTEMPTS:
        return {"status": Status.FAILED, "finished": Now(), "error": f"{what} {TWICE}"}
    return {"status": Status.QUEUED, "log": job.log + f"{what} in the middle of it: it starts again.\n"}


def _row(job_id: int) -> Job:
    return Job.objects.select_related("bot", "version").get(pk=job_id)
