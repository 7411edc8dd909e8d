"""One worker at a time answers a conversation: a lease in its row, kept alive while the worker lives.

The database's clock decides. A worker that dies stops renewing, and the lease is free after LEASE_SECONDS. One that
lies further ahead than a lease can was written before that clock was set back, and is free, too.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from assistant.lib.database import AGAIN_AFTER, DATABASE_AWAY, chained, single_write
from conversations.models import Conversation, Message
from conversations.selectors.messages import HELD, LEASE_MARGIN, TURN_OF_FOUND, message_of, next_unanswered

log = logging.getLogger("frontdesk.leases")
# Now, and in some seconds, by the database's clock, as Django writes them.
_SQLITE = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW'"
_CLOCK = {
    "postgresql": ("STATEMENT_TIMESTAMP()", "STATEMENT_TIMESTAMP() + %s * INTERVAL '1 second'"),
    "sqlite": (f"{_SQLITE})", f"{_SQLITE}, %s || ' seconds')"),
}
_TAKE = """
UPDATE conversations_conversation SET
    lease = %s, lease_until = {then}, turn_started = COALESCE(turn_started, {now}), attempts = attempts + 1
WHERE id = %s AND answered_turn < last_turn
    AND (lease IS NULL OR lease_until < {now} OR lease_until > {then})
RETURNING {held}
"""


@dataclass(frozen=True)
class Claim:
    """A lease by name, and the message to begin with."""

    lease: str
    message: Message | None


def claim(conversation_id: int) -> Claim | None:
    """None where nothing is unanswered or another worker has it."""
    lease = uuid.uuid4().hex
    now, then = _CLOCK[connection.vendor]
    text = _TAKE.format(now=now, then=then, held=", ".join(HELD))
    values = [lease, settings.LEASE_SECONDS, conversation_id, settings.LEASE_SECONDS + LEASE_MARGIN]
    try:
        rows = chained((text, values), HELD, [(TURN_OF_FOUND, [])])
    except DATABASE_AWAY:  # it may be ours without our knowing, or become ours yet
        _keeper.give_back_later(conversation_id, lease)
        raise
    if not rows:
        return None
    # A message that came in this very moment may be counted and not be seen yet.
    seen = rows[0][len(HELD)] is not None
    return Claim(lease, message_of(rows[0]) if seen else next_unanswered(conversation_id, lease))


def release(conversation_id: int, lease: str) -> None:
    """Give it back with its turn unanswered, as if it had not been tried."""
    with single_write():
        _rows({lease: conversation_id}).update(lease=None, lease_until=None, turn_started=None, attempts=0)


@contextmanager
def renewed(conversation_id: int, lease: str) -> Iterator[None]:
    """Renew the lease until the block ends. An error gives it back, for another try."""
    _keeper.add(conversation_id, lease)
    try:
        yield
    except Exception:
        _keeper.give_back(conversation_id, lease)
        raise
    finally:
        _keeper.discard(lease)


class _Keeper:
    """One thread renews all leases of this process, with one update for all of them. It also gives back what was held
    while the database went away: nobody else could have it until it runs out."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._given_back: set[str] = set()
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, conversation_id: int, lease: str) -> None:
        with self._lock:
            self._held[lease] = conversation_id
            self._begin()

    def discard(self, lease: str) -> None:
        with self._lock:
            self._held.pop(lease, None)

    def give_back(self, conversation_id: int, lease: str) -> None:
        """Now, or once the database is back."""
        try:
            with single_write():
                _rows({lease: conversation_id}).update(lease=None, lease_until=None)
        except Error:
            self.give_back_later(conversation_id, lease)

    def give_back_later(self, conversation_id: int, lease: str) -> None:
        with self._lock:
            self._left[lease] = conversation_id
            self._begin()
            self._hurry.set()

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            if self._hurry.wait(settings.LEASE_SECONDS / 4):
                time.sleep(AGAIN_AFTER)
            with self._lock:
                held, left = dict(self._held), dict(self._left)
            try:
                if held:
                    self._renew(held)
                if left:
                    self._free(left)
            except Error as error:
                log.warning("leases could not be renewed: %s", type(error).__name__)
            finally:
                connection.close()

    def _renew(self, held: dict[str, int]) -> None:
        until = Now() + timedelta(seconds=settings.LEASE_SECONDS)
        with single_write():
            _rows(held).update(lease_until=until)

    def _free(self, left: dict[str, int]) -> None:
        """Each of them twice: a server that was suspended finds in its buffers who wanted to take it before."""
        with single_write():
            _rows(left).update(lease=None, lease_until=None)
        with self._lock:
            for lease in self._given_back & left.keys():
                del self._left[lease]
            self._given_back = (self._given_back | left.keys()) & self._left.keys()
            if not self._left:
                self._hurry.clear()


def _rows(leases: dict[str, int]) -> QuerySet[Conversation]:
    return Conversation.objects.filter(pk__in=leases.values(), lease__in=leases)


_keeper = _Keeper()
