"""Transactions that wait their turn, and statements that go to the database together."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

log = logging.getLogger("frontdesk.database")
DATABASE_AWAY = (OperationalError, InterfaceError)  # nobody's fault: what failed so is tried again
Statement = tuple[str, list[Any]]
Row = tuple[Any, ...]
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


def chained(first: Statement, columns: Sequence[str], then: Sequence[Statement]) -> list[Row]:
    """Run `first`, which returns one row of `columns` or none; with that row, `found`, run `then`. All or nothing.

    Each of `then` reads `FROM found` and returns rows. Returned are those of the last one, each behind `found`, which
    stands alone, with None for the rest, where there are none. Nothing at all where `first` finds no row.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        return _at_once(first, then)  # a statement is a transaction
    with write_transaction():
        return _at_once(first, then) if connection.vendor == "postgresql" else _one_by_one(first, columns, then)


def _at_once(first: Statement, then: Sequence[Statement]) -> list[Row]:
    """As one statement: it is the way there and back that costs."""
    steps = [f"found AS ({first[0]})", *(f"step{number} AS ({text})" for number, (text, _) in enumerate(then, 1))]
    text = f"WITH {', '.join(steps)} SELECT * FROM found LEFT JOIN step{len(then)} ON true"  # noqa: S608  all ours
    with connection.cursor() as cursor:
        cursor.execute(text, [*first[1], *(value for _, values in then for value in values)])
        return cursor.fetchall()


def _one_by_one(first: Statement, columns: Sequence[str], then: Sequence[Statement]) -> list[Row]:
    """SQLite writes nothing within WITH, and is no way off."""
    with connection.cursor() as cursor:
        cursor.execute(*first)
        found: Row | None = cursor.fetchone()
        if found is None:
            return []
        known = f"WITH found({', '.join(columns)}) AS (VALUES ({', '.join(['%s'] * len(columns))}))"
        for text, values in then:
            cursor.execute(f"{known} {text}", [*found, *values])
            rows = cursor.fetchall()
        return [(*found, *row) for row in rows or [(None,) * len(cursor.description)]]


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


def uuid_of(value: UUID | str) -> UUID:
    """As plain SQL returns it: SQLite has no such type."""
    return value if isinstance(value, UUID) else UUID(value)


def moment_of(value: datetime | str | None) -> datetime | None:
    """As plain SQL returns it: SQLite knows no time zones, and in what an update returns no moments. They are UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=timezone.utc) if moment and moment.tzinfo is None else moment
