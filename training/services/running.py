"""Doing a job: keep its lease alive, tell how it goes, write its end."""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import Error, connection

from assistant.engine import Cancelled, OnProgress, Progress
from assistant.lib.database import DATABASE_AWAY, retry_while_database_is_away, single_write
from assistant.lib.errors import FrontdeskError
from training.jobs import handler_of
from training.models import Job
from training.selectors.jobs import TO_DO
from training.services import queue

log = logging.getLogger("frontdesk.queue")
RENEW_EVERY = 2.0  # seconds
SAVE_EVERY = 0.5
LOOK_EVERY = 0.3  # at a job that another worker does
LOG_CHARS = 100_000
Status = Job.Status


def work(worker: str) -> bool:
    """Claim the next job and do it. False where there is none."""
    job = queue.claim(worker=worker)
    if job is None:
        return False
    run(job)
    return True


def run(job: Job, also: OnProgress | None = None) -> None:
    """Do a job that was claimed. `also` is told, too."""
    told = Told(job, also)
    with _kept(job):
        try:
            finish = handler_of(job.kind)(job, told)
            _end(job, told, Status.DONE, finish=finish)
        except Cancelled:
            _end(job, told, Status.CANCELLED)
        except FrontdeskError as error:
            _end(job, told, Status.FAILED, error=error.message)
        except DATABASE_AWAY as error:
            log.warning("job %s (%s): the database went away: %s", job.pk, job.kind, type(error).__name__)
            retry_while_database_is_away(partial(queue.give_back, job=job))
        except Exception as error:  # whatever it is, staff read that it failed
            log.error("job %s (%s): %s", job.pk, job.kind, type(error).__name__)
            told.log += traceback.format_exc()
            words = f"It failed unexpectedly ({type(error).__name__}). The log says more."
            _end(job, told, Status.FAILED, error=words)
        except BaseException:  # Ctrl-C in a command
            _end(job, told, Status.CANCELLED)
            raise


def _end(job: Job, told: Told, status: Job.Status, **more: Any) -> None:
    """What took minutes is not lost because the database is away for seconds."""
    retry_while_database_is_away(partial(queue.end, job=job, status=status, **more, **told.fields()))


def do_or_watch(job: Job, tell: OnProgress | None = None) -> Job:
    """Do it in this process as soon as it may begin, or watch the worker that was quicker. Returns the ended job.
    Ctrl-C cancels it."""
    try:
        seen = 0
        while job.status in TO_DO:
            mine = retry_while_database_is_away(partial(queue.claim, worker=f"command:{os.getpid()}", only=job))
            if mine:
                run(mine, tell)
            else:
                seen = _retold(job, seen, tell)
                retry_while_database_is_away(queue.release_dead_jobs)
                time.sleep(LOOK_EVERY)
            retry_while_database_is_away(job.refresh_from_db)
    except KeyboardInterrupt:
        job.refresh_from_db()
        if job.status in TO_DO:
            queue.cancel_job(job=job, by=None)
        raise
    return job


class Told:
    """Takes what a handler tells and saves it, at most twice a second. Raises Cancelled where somebody asked for that,
    or where the job is another worker's by now."""

    def __init__(self, job: Job, also: OnProgress | None = None) -> None:
        self._job, self._also = job, also
        self._saved, self._since = 0.0, time.monotonic()
        self.steps: list[dict[str, Any]] = []
        self.last = Progress("", 0, 0, 0.0)
        self.memory = 0
        self.log = job.log

    def __call__(self, progress: Progress) -> None:
        self._count_besides(progress)
        self.last = progress
        self.memory = max(self.memory, progress.memory)
        self.log = (self.log + progress.log)[-LOG_CHARS:]
        if progress.component:
            self.steps.append({"name": progress.component, "seconds": round(progress.seconds, 2)})
        if self._also:
            self._also(progress)
        if time.monotonic() - self._saved >= SAVE_EVERY:
            self._save()

    def _count_besides(self, progress: Progress) -> None:
        """Loading, reading and packing take longer than some components: they are steps once something else follows."""
        now = time.monotonic()
        is_over = _is_besides(self.last.now) and progress.now != self.last.now
        if is_over:
            self.steps.append({"name": self.last.now, "seconds": round(now - self._since, 2)})
        if is_over or progress.component:
            self._since = now

    def fields(self) -> dict[str, Any]:
        progress = {"step": self.last.now[:200], "done": self.last.done, "total": self.last.total}
        return {**progress, "steps": self.steps, "memory": self.memory, "log": self.log}

    def _save(self) -> None:
        self._saved = time.monotonic()
        try:
            with single_write():
                saved = queue.running(self._job).filter(cancel_asked=False).update(**self.fields())
        except Error as error:  # the work goes on, and is seen again once the database is back
            log.warning("job %s: its progress could not be saved: %s", self._job.pk, type(error).__name__)
            connection.close()
            return
        if not saved:
            raise Cancelled("It was cancelled.")


@contextmanager
def _kept(job: Job) -> Iterator[None]:
    """A thread renews the lease until the block ends."""
    ended = threading.Event()
    threading.Thread(target=_renew_until, args=(ended, job), name=f"job-{job.pk}", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _renew_until(ended: threading.Event, job: Job) -> None:
    while not ended.wait(RENEW_EVERY):
        try:
            with single_write():
                ours = queue.renew(job)
        except Error as error:
            log.warning("job %s: its lease could not be renewed: %s", job.pk, type(error).__name__)
        else:
            if not ours:
                return
        finally:
            connection.close()


def _retold(job: Job, seen: int, tell: OnProgress | None) -> int:
    """What another worker says of the job since it was looked at last; how many components are through."""
    components = [step for step in job.steps if not _is_besides(step["name"])]
    if tell:
        now = job.step if job.status == Status.RUNNING else "waiting for its turn"
        tell(Progress("", job.done, job.total, 0.0, now=now))
        for number, step in enumerate(components[seen:], start=seen + 1):
            tell(Progress(step["name"], number, job.total, step["seconds"]))
    return len(components)


def _is_besides(name: str) -> bool:
    """Whether it is work around the components: see `Progress`."""
    return name[:1].islower()
