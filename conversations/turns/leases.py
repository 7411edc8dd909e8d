"""One worker at a time answers a conversation: a lease in its row, kept alive while the worker lives.

The database's clock decides. A worker that dies stops renewing, and the lease is free after LEASE_SECONDS. One that
lies further ahead than a lease can was written before that clock was set back, and is free, too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from assistant.lib.database import AGAIN_AFTER, single_write
from conversations.models import Conversation

log = logging.getLogger("frontdesk.leases")


@contextmanager
def renewed(conversation_id: int, lease: str) -> Iterator[None]:
    """Renew the lease until the block ends. An error releases it, for another try."""
    _keeper.add(conversation_id, lease)
    try:
        yield
    except Exception:
        try:
            with single_write():
                _held({lease: conversation_id}).update(lease=None, lease_until=None)
        except Error:
            _keeper.release_later(conversation_id, lease)
        raise
    finally:
        _keeper.discard(lease)


def release_untried(conversation_id: int, lease: str) -> None:
    """Leave the turn unanswered, as if it had not been tried."""
    with single_write():
        _held({lease: conversation_id}).update(lease=None, lease_until=None, turn_started=None, attempts=0)


def release_later(conversation_id: int, lease: str) -> None:
    """Once the database is back, if the lease was taken at all."""
    _keeper.release_later(conversation_id, lease)


class LeaseKeeper:
    """One thread renews all leases of this process, with one update for all of them. It also releases what was held
    while the database went away: nobody else could have it until it runs out."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}  # conversations by lease, as in all of these
        self._to_release: dict[str, int] = {}
        self._released_once: set[str] = set()
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, conversation_id: int, lease: str) -> None:
        """Renew it from now on."""
        with self._lock:
            self._held[lease] = conversation_id
            self._start()

    def discard(self, lease: str) -> None:
        """Renew it no longer."""
        with self._lock:
            self._held.pop(lease, None)

    def release_later(self, conversation_id: int, lease: str) -> None:
        """In half a second, and again until the database says that it did."""
        with self._lock:
            self._to_release[lease] = conversation_id
            self._start()
            self._hurry.set()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            if self._hurry.wait(settings.LEASE_SECONDS / 4):
                time.sleep(AGAIN_AFTER)
            with self._lock:
                held, to_release = dict(self._held), dict(self._to_release)
            try:
                if held:
                    with single_write():
                        _held(held).update(lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS))
                if to_release:
                    self._release(to_release)
            except Error as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)
            finally:
                connection.close()

    def _release(self, leases: dict[str, int]) -> None:
        """Each of them twice: a server that was suspended finds in its buffers who wanted to take it before."""
        with single_write():
            _held(leases).update(lease=None, lease_until=None)
        with self._lock:
            for lease in self._released_once & leases.keys():
                del self._to_release[lease]
            self._released_once = (self._released_once | leases.keys()) & self._to_release.keys()
            if not self._to_release:
                self._hurry.clear()


def _held(leases: dict[str, int]) -> QuerySet[Conversation]:
    """The conversations on which these leases are still the ones that count."""
    return Conversation.objects.filter(pk__in=leases.values(), lease__in=leases)


_keeper = LeaseKeeper()
