"""Transactions that wait their turn, plain SQL with rows by name, and what to do while the database is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

log = logging.getLogger("frontdesk.database")
DATABASE_AWAY = (OperationalError, InterfaceError)  # nobody's fault: what failed so is tried again
Statement = tuple[str, list[Any]]  # SQL and its values
Row = dict[str, Any]  # by the names of its columns
T = TypeVar("T")
AGAIN_AFTER = 0.5  # seconds
_one_writer = threading.RLock()


@contextmanager
def write_transaction() -> Iterator[None]:
    """A transaction that writes. SQLite has one writer: threads queue on a lock here instead of sleeping in its busy
    handler."""
    if not settings.SQLITE:
        with transaction.atomic():
            yield
        return
    with _one_writer, transaction.atomic():
        yield


@contextmanager
def single_write() -> Iterator[None]:
    """The same for one statement, which needs no transaction around it."""
    if not settings.SQLITE:
        yield
        return
    with _one_writer:
        yield


def one_row(cursor: CursorWrapper, sql: str, values: Sequence[Any]) -> Row | None:
    """Run it and return its first row."""
    cursor.execute(sql, values)
    row = cursor.fetchone()
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)} if row else None


def retry_while_database_is_away(act: Callable[[], T], seconds: float = 60.0) -> T:
    """What `act` returns, however often the database goes away meanwhile. Only for what may be done twice."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return act()
        except DATABASE_AWAY:
            if time.monotonic() > ends or connection.in_atomic_block:
                raise
            time.sleep(AGAIN_AFTER)


@contextmanager
def left_to_the_sweeper(what: str) -> Iterator[None]:
    """For tasks whose row is the job: where the database goes away, the sweeper queues it again."""
    try:
        yield
    except DATABASE_AWAY as error:
        log.warning("%s: put off, the database is away: %s", what, type(error).__name__)
