"""Jobs in the background. The row is the job: a lost or doubled task changes nothing but the delay."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import Any

from celery import shared_task
from django.conf import settings
from django.dispatch import receiver

from assistant.lib.database import left_to_the_sweeper
from assistant.lib.throttles import Rate, take_locally
from training import services
from training.selectors import claimable_jobs
from training.signals import job_queued

log = logging.getLogger("frontdesk.tasks")
SWEEPS = Rate(1, 1.0)
_running_jobs, _embedding = threading.Lock(), threading.Lock()


# Names of tasks stay: some may be in flight while an installation is updated.
@shared_task(name="training.work")
def run_jobs() -> None:
    """Do what is queued until nothing is. In embedded mode one job at a time: the other threads are for visitors."""
    if not settings.EMBEDDED:
        _run_queued_jobs()
    elif _running_jobs.acquire(blocking=False):
        try:
            _run_queued_jobs()
        finally:
            _running_jobs.release()


@shared_task(name="training.sweep")
def sweep() -> None:
    """Queue what a dead worker left, and wake a worker where something could begin. Of sweeps that queued up, one a
    second does."""
    if take_locally("training.sweep", SWEEPS):
        return
    with left_to_the_sweeper("the sweep of jobs"):
        services.release_dead_jobs()
        if claimable_jobs().exists():
            _wake_a_worker()


@shared_task(name="training.fill_vectors")
def embed_examples() -> None:
    """Work out what embeddings are missing. In embedded mode one portion, until the clock comes again: visitors wait
    for the same processor."""
    if not _embedding.acquire(blocking=False):
        return
    try:
        with left_to_the_sweeper("embeddings"):
            while services.embed_next_batch() and not settings.EMBEDDED:
                pass
    finally:
        _embedding.release()


@receiver(job_queued, dispatch_uid="work-on-jobs")
def run_jobs_soon(sender: object, **_: Any) -> None:
    """The sweeper would find the job, too, but seconds later."""
    _wake_a_worker()


def _run_queued_jobs() -> None:
    with left_to_the_sweeper("jobs"):
        while services.run_next_job(f"{socket.gethostname()}:{os.getpid()}"):
            pass


def _wake_a_worker() -> None:
    try:
        run_jobs.apply_async(retry=False, expires=settings.CLOCKS_DIFFER)
    except Exception as error:  # a broker has many ways to fail, and the sweeper comes again
        log.warning("no worker could be woken, the sweeper will: %s", type(error).__name__)
