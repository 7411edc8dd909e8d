"""The hourly cleanup: removes what is not needed any more, a little at a time.

Each app says what that is: `@register_cleanup("sessions")`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from assistant.lib.database import write_transaction

log = logging.getLogger("frontdesk.cleanup")
BATCH = 200  # rows in one transaction: other writers wait some milliseconds
SHARE = 0.25  # of the time is spent deleting, the rest is left to others
SECONDS = 1800.0  # for all kinds together; the rest is removed an hour later
SLICE = 20.0  # seconds: one kind with a million rows does not keep the others waiting

# Deletes until `time.monotonic()` has passed the number, and returns how many rows or files it was. It may be killed at
# any moment and begun anew.
Cleaner = Callable[[float], int]

_cleaners: dict[str, Cleaner] = {}


def register_cleanup(kind: str) -> Callable[[Cleaner], Cleaner]:
    """Register a cleaner of `kind`, a plural for the log, in a module that the `AppConfig` of its app imports."""

    def register(cleaner: Cleaner) -> Cleaner:
        _cleaners[kind] = cleaner
        return cleaner

    return register


def run_cleanup(seconds: float = SECONDS) -> dict[str, int]:
    """Ask every cleaner in turn, for a slice of the time each, until none has anything left or the time is over.

    Returns how many rows or files were removed, by kind. A cleaner that fails does not keep the others from their work.
    """
    until = time.monotonic() + seconds
    gone, busy = dict.fromkeys(_cleaners, 0), list(_cleaners)
    for kind in busy:  # grows by those that need another slice
        end = min(until, time.monotonic() + SLICE)
        try:
            gone[kind] += _cleaners[kind](end)
        except (DatabaseError, OSError) as error:
            log.warning("%s could not be cleaned: %s", kind, type(error).__name__)
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            continue
        if end <= time.monotonic() < until:
            busy.append(kind)
    for kind, count in gone.items():
        # A kind of which there was nothing is worth no line.
        log.log(logging.INFO if count else logging.DEBUG, "cleaned %s: %s gone", kind, count)
    return gone


def delete_in_batches(rows: QuerySet, until: float, batch: int = BATCH) -> int:
    """Delete them by primary key, oldest first, in transactions of `batch` rows.

    A row that is not among `rows` any more when its turn comes stays. Returns how many were deleted, without the rows
    that were deleted with them.
    """
    count = 0
    for keys in key_batches(rows, until, batch):
        with write_transaction():
            there = rows.filter(pk__in=keys)
            count += there.count()
            there.delete()
    return count


def key_batches(rows: QuerySet[Model], until: float, batch: int = BATCH) -> Iterator[list[int]]:
    """Primary keys of `rows`, a batch at a time, until there are no more or the time is over; after each a pause, in
    which others write. Each key comes once, whether or not its row was deleted."""
    last = None
    while True:
        began = time.monotonic()
        ahead = rows if last is None else rows.filter(pk__gt=last)
        keys = list(ahead.order_by("pk").values_list("pk", flat=True)[:batch])
        if not keys:
            return
        yield keys
        last = keys[-1]
        now = time.monotonic()
        if len(keys) < batch or now >= until:
            return
        time.sleep((now - began) * (1 / SHARE - 1))


def kept_since(setting: str) -> datetime | None:
    """What is older than this moment is not kept; None where all is. `setting`: `KEEP_AUDIT_DAYS`."""
    days = parse_days(getattr(settings, setting))
    return None if days is None else timezone.now() - timedelta(days=days)


def parse_days(text: str) -> int | None:
    """`730` as a number; `off`, which keeps all, as None."""
    days = text.strip().lower()
    if days == "off":
        return None
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= 36_500):
        raise ValueError(f"{text!r} is no number of days")
    return int(days)
