"""Celery's beat, by a clock that is never set."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from celery.beat import PersistentScheduler, SchedulingError
from celery.schedules import schedstate, schedule

log = logging.getLogger("frontdesk.beat")
_BOOTED = datetime.now(timezone.utc) - timedelta(seconds=time.monotonic())


def monotonic_now() -> datetime:
    """As the wall clock had it when this process began, and since then by one that is never set."""
    return _BOOTED + timedelta(seconds=time.monotonic())


steady_now = monotonic_now  # the name in schedule files (pickles) that older versions wrote


class Every(schedule):
    """An interval. Celery's own goes by the wall clock: set back by an hour, it would let nothing run for an hour."""

    def __init__(
        self,
        run_every: timedelta | float,
        relative: bool = False,
        nowfun: Callable[[], datetime] = monotonic_now,
        app: Any = None,
    ) -> None:
        super().__init__(run_every, relative, nowfun, app)

    def is_due(self, last_run_at: datetime) -> Any:
        if last_run_at > self.now():  # an earlier process wrote it, before the clock was set back
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)


class Scheduler(PersistentScheduler):
    """Logs one line where the broker is away, for the entry comes again. Celery's own are forty."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            log.warning("%s could not be queued: %s", entry.task, type(error.__context__ or error).__name__)
