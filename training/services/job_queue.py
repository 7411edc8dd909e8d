"""Jobs: request, claim, run and end them. One runs per bot; the row is the job.

The database's clock decides. A worker renews the lease of its job while it works; one that dies stops, and its job is
queued once more. All updates of a running job name its worker: one that comes late changes nothing.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from assistant.engine import Cancelled, OnProgress, Progress
from assistant.lib import audit
from assistant.lib.database import DATABASE_AWAY, retry_while_database_is_away, single_write, write_transaction
from assistant.lib.errors import FrontdeskError
from training.jobs import Finish, handler_of
from training.models import Bot, Job, ModelVersion
from training.selectors.job_queue import LEASE_SECONDS, UNFINISHED, claimable_jobs, dead_jobs
from training.services.bots import lock_bot
from training.signals import job_queued

log = logging.getLogger("frontdesk.queue")
ATTEMPTS = 2  # workers that may die over one job
TWICE = "twice in the middle of it; perhaps it ran out of memory. You can start it once more."
RENEW_EVERY = 2.0  # seconds
SAVE_EVERY = 0.5
LOOK_EVERY = 0.3  # at a job that another worker does
LOG_CHARS = 100_000
Status, VersionStatus = Job.Status, ModelVersion.Status
# What a job means for the version that it makes. That the version is ready is written by the job's handler.
VERSION_STATUS: dict[str, dict[str, str]] = {
    "train": {
        Status.QUEUED: VersionStatus.QUEUED,
        Status.RUNNING: VersionStatus.TRAINING,
        Status.FAILED: VersionStatus.FAILED,
        Status.CANCELLED: VersionStatus.CANCELLED,
    },
    "check_upload": {Status.FAILED: VersionStatus.FAILED, Status.CANCELLED: VersionStatus.CANCELLED},
}


class JobEnded(FrontdeskError):
    """It can't be cancelled any more."""

    code = "job_ended"
    status = 409


def request_job(*, bot: Bot, kind: str, by: User | None, version: ModelVersion | None = None, **arguments: Any) -> Job:
    """The new job; or the one that waits or runs already, where it is requested for a second time."""
    with write_transaction():
        lock_bot(bot)  # or two who ask at once would both find none
        same = Job.objects.filter(
            bot=bot, kind=kind, version=version, arguments=arguments, status__in=UNFINISHED
        ).first()
        if same:
            return same
        job = queue_job(bot=bot, kind=kind, by=by, version=version, **arguments)
        audit.record(job, {"kind": (None, kind)}, by=by, action=audit.CREATED)
    return job


def queue_job(*, bot: Bot, kind: str, by: User | None, version: ModelVersion | None = None, **arguments: Any) -> Job:
    """For what has an audit entry of its own, such as an upload or a replay. In the caller's transaction."""
    job = Job.objects.create(bot=bot, kind=kind, version=version, arguments=arguments, requested_by=by)
    transaction.on_commit(lambda: job_queued.send(Job, job_id=job.pk))
    return job


def cancel_job(*, job: Job, by: User | None) -> Job:
    """What waits ends at once; what runs, within two seconds. Raises JobEnded."""
    with write_transaction():
        row = Job.objects.select_for_update(of=("self",)).select_related("version").get(pk=job.pk)
        if row.status not in UNFINISHED:
            raise JobEnded(f"It is {row.get_status_display().lower()} already.")
        row.cancel_asked = True
        if row.status == Status.QUEUED:
            row.status, row.finished = Status.CANCELLED, timezone.now()
        row.save(update_fields=["cancel_asked", "status", "finished"])
        _update_version(row.pk)
        audit.record(row, {"cancel_asked": (False, True)}, by=by)
    return row


def claim_job(*, worker: str, only: Job | None = None) -> Job | None:
    """The oldest job that may begin, now this worker's; None where there is none (or not `only` that one)."""
    rows = claimable_jobs().filter(pk=only.pk) if only else claimable_jobs()
    # Of this attempt only: the same worker may claim the job once more, after its lease ran out.
    token = f"{worker[:50]} {secrets.token_hex(4)}"
    begun = {"status": Status.RUNNING, "worker": token, "started": Now()}
    clean = {"step": "", "done": 0, "total": 0, "steps": [], "memory": 0}
    # More than one, as another worker may take the first meanwhile.
    with single_write():
        waiting = list(rows.values_list("pk", flat=True)[:20])
    for job_id in waiting:
        try:
            with write_transaction():
                # Only one worker changes the row from queued to running.
                row = Job.objects.filter(pk=job_id, status=Status.QUEUED)
                if row.update(**begun, **clean, lease_until=_new_lease(), attempts=F("attempts") + 1):
                    return _update_version(job_id)
        except IntegrityError:  # the constraint that one job runs per bot
            log.debug("job %s: another one of its bot was claimed at the same moment", job_id)
    return None


def renew_lease(job: Job) -> bool:
    """False where the job is another worker's by now."""
    return bool(_while_ours(job).update(lease_until=_new_lease()))


def end_job(*, job: Job, status: Job.Status, finish: Finish | None = None, **fields: Any) -> bool:
    """Write the job's end, and in the same transaction what `finish` and its version have to write. False, and nothing
    written, where another worker has it by now."""
    with write_transaction():
        if not _while_ours(job).update(status=status, finished=Now(), lease_until=None, **fields):
            return False
        if finish:
            finish()
        _update_version(job.pk)
    return True


def requeue_job(*, job: Job) -> None:
    """Queue it once more: the database went away in the middle of it."""
    with write_transaction():
        if _while_ours(job).update(worker="", lease_until=None, **_next_attempt(job, "The database went away")):
            _update_version(job.pk)


def release_dead_jobs() -> int:
    """Queue what a dead worker left, or end it in words where that happened before. Returns how many there were."""
    count = 0
    for job in dead_jobs().select_related("version"):
        with write_transaction():
            # Once more under the lock: its worker may have renewed the lease meanwhile.
            rows = Job.objects.filter(pk=job.pk, worker=job.worker).filter(pk__in=dead_jobs().values("pk"))
            if not rows.update(worker="", lease_until=None, **_next_attempt(job, "The server stopped")):
                continue
            _update_version(job.pk)
        log.warning("job %s: its worker died", job.pk)
        count += 1
    return count


def run_next_job(worker: str) -> bool:
    """Claim the next job and do it. False where there is none."""
    job = claim_job(worker=worker)
    if job is None:
        return False
    run_job(job)
    return True


def run_job(job: Job, also: OnProgress | None = None) -> None:
    """Do a job that was claimed. Its progress is reported to `also`, too."""
    report_progress = ProgressReporter(job, also)

    def end(status: Job.Status, **more: Any) -> None:
        # What took minutes is not lost because the database is away for seconds.
        retry_while_database_is_away(partial(end_job, job=job, status=status, **more, **report_progress.fields()))

    with _lease_renewed(job):
        try:
            finish = handler_of(job.kind)(job, report_progress)
            end(Status.DONE, finish=finish)
        except Cancelled:
            end(Status.CANCELLED)
        except FrontdeskError as error:
            end(Status.FAILED, error=error.message)
        except DATABASE_AWAY as error:
            log.warning("job %s (%s): the database went away: %s", job.pk, job.kind, type(error).__name__)
            retry_while_database_is_away(partial(requeue_job, job=job))
        except Exception as error:  # whatever it is, staff read that it failed
            log.error("job %s (%s): %s", job.pk, job.kind, type(error).__name__)
            report_progress.log += traceback.format_exc()
            words = f"It failed unexpectedly ({type(error).__name__}). The log says more."
            end(Status.FAILED, error=words)
        except BaseException:  # Ctrl-C in a command
            end(Status.CANCELLED)
            raise


def run_or_watch(job: Job, on_progress: OnProgress | None = None) -> Job:
    """Do it in this process as soon as it may begin, or watch the worker that was quicker. Returns the ended job.
    Ctrl-C cancels it."""
    try:
        seen = 0
        while job.status in UNFINISHED:
            mine = retry_while_database_is_away(partial(claim_job, worker=f"command:{os.getpid()}", only=job))
            if mine:
                run_job(mine, on_progress)
            else:
                seen = _report_saved_progress(job, seen, on_progress)
                retry_while_database_is_away(release_dead_jobs)
                time.sleep(LOOK_EVERY)
            retry_while_database_is_away(job.refresh_from_db)
    except KeyboardInterrupt:
        job.refresh_from_db()
        if job.status in UNFINISHED:
            cancel_job(job=job, by=None)
        raise
    return job


class ProgressReporter:
    """What a handler calls with each `Progress`. Saves it in the job's row, at most twice a second. Raises Cancelled
    where somebody asked for that, or where the job is another worker's by now."""

    def __init__(self, job: Job, also: OnProgress | None = None) -> None:
        self._job, self._also = job, also
        self._saved, self._since = 0.0, time.monotonic()
        self.steps: list[dict[str, Any]] = []
        self.last = Progress("", 0, 0, 0.0)
        self.memory = 0
        self.log = job.log

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        # Loading, reading and packing take longer than some components: they are steps once something else follows.
        is_over = not _is_component(self.last.now) and progress.now != self.last.now
        if is_over:
            self.steps.append({"name": self.last.now, "seconds": round(now - self._since, 2)})
        if progress.component:
            self.steps.append({"name": progress.component, "seconds": round(progress.seconds, 2)})
        if is_over or progress.component:
            self._since = now
        self.last = progress
        self.memory = max(self.memory, progress.memory)
        self.log = (self.log + progress.log)[-LOG_CHARS:]
        if self._also:
            self._also(progress)
        if time.monotonic() - self._saved >= SAVE_EVERY:
            self._save()

    def fields(self) -> dict[str, Any]:
        """The job's columns, as they are to be written now."""
        progress = {"step": self.last.now[:200], "done": self.last.done, "total": self.last.total}
        return {**progress, "steps": self.steps, "memory": self.memory, "log": self.log}

    def _save(self) -> None:
        self._saved = time.monotonic()
        try:
            with single_write():
                saved = _while_ours(self._job).filter(cancel_asked=False).update(**self.fields())
        except Error as error:  # the work goes on, and is seen again once the database is back
            log.warning("job %s: its progress could not be saved: %s", self._job.pk, type(error).__name__)
            connection.close()
            return
        if not saved:
            raise Cancelled("It was cancelled.")


@contextmanager
def _lease_renewed(job: Job) -> Iterator[None]:
    """A thread renews the lease until the block ends."""
    ended = threading.Event()

    def renew_until_ended() -> None:
        while not ended.wait(RENEW_EVERY):
            try:
                with single_write():
                    ours = renew_lease(job)
            except Error as error:
                log.warning("job %s: its lease could not be renewed: %s", job.pk, type(error).__name__)
            else:
                if not ours:
                    return
            finally:
                connection.close()

    threading.Thread(target=renew_until_ended, name=f"job-{job.pk}", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _report_saved_progress(job: Job, seen: int, on_progress: OnProgress | None) -> int:
    """What another worker saved since the job was looked at last; returns how many components are through."""
    components = [step for step in job.steps if _is_component(step["name"])]
    if on_progress:
        now = job.step if job.status == Status.RUNNING else "waiting for its turn"
        on_progress(Progress("", job.done, job.total, 0.0, now=now))
        for number, step in enumerate(components[seen:], start=seen + 1):
            on_progress(Progress(step["name"], number, job.total, step["seconds"]))
    return len(components)


def _is_component(name: str) -> bool:
    """Not work around the components, such as `packing`: see `Progress`."""
    return not name[:1].islower()


def _new_lease() -> Any:
    return Now() + timedelta(seconds=LEASE_SECONDS)


def _while_ours(job: Job) -> QuerySet[Job]:
    """Its row, while this worker has it."""
    return Job.objects.filter(pk=job.pk, worker=job.worker, status=Status.RUNNING)


def _next_attempt(job: Job, what: str) -> dict[str, Any]:
    """The columns of a job that was interrupted: it is queued once more, or ends where that happened before."""
    if job.cancel_asked:
        return {"status": Status.CANCELLED, "finished": Now()}
    if job.attempts >= ATTEMPTS:
        return {"status": Status.FAILED, "finished": Now(), "error": f"{what} {TWICE}"}
    return {"status": Status.QUEUED, "log": job.log + f"{what} in the middle of it: it starts again.\n"}


def _update_version(job_id: int) -> Job:
    """Give the version that the job makes the status that the job means for it. Returns the job as it is now. In the
    transaction that changed it."""
    job = Job.objects.select_related("bot", "version").get(pk=job_id)
    version, status = job.version, VERSION_STATUS.get(job.kind, {}).get(job.status)
    if status is None or version is None:
        return job
    # No job takes back that a version is ready.
    rows = ModelVersion.objects.filter(pk=version.pk).exclude(status=VersionStatus.READY)
    rows.update(status=status, error=job.error)
    if job.kind == "check_upload":
        # It failed or was cancelled: what was uploaded is not kept.
        path = version.quarantine_path
        transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return job
