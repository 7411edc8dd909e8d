"""Periodic tasks that belong to no single app."""

from __future__ import annotations

import threading

from celery import shared_task

from assistant.lib.cleanup import run_cleanup as clean_all

_one_at_a_time = threading.Lock()


@shared_task(name="assistant.clean")
def clean() -> None:
    """Of two at once in one process the later does nothing. Elsewhere two do no harm: what one has deleted, the other
    does not find."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        clean_all()
    finally:
        _one_at_a_time.release()
