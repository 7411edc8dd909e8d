"""Transactions that wait their turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction

_one_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction. SQLite has one writer: threads queue on a lock here instead of sleeping in its busy handler."""
    if not settings.SQLITE:
        with transaction.atomic():
            yield
        return
    with _one_writer, transaction.atomic():
        yield


@contextmanager
def writing_once() -> Iterator[None]:
    """The same for one statement, which needs no transaction around it."""
    if not settings.SQLITE:
        yield
        return
    with _one_writer:
        yield
