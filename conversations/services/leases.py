"""One worker at a time answers a conversation: a lease in its row, kept alive while the worker lives.

The database's clock decides. A worker that dies stops renewing, and the lease is free after LEASE_SECONDS.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from assistant.lib.database import chained, writing_once
from conversations.models import Conversation, Message
from conversations.selectors.talk import HELD, TURN_OF_FOUND, message_of, next_unanswered

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
WHERE id = %s AND answered_turn < last_turn AND (lease IS NULL OR lease_until < {now})
RETURNING {held}
"""


@dataclass(frozen=True)
class Taken:
    """A lease by name, and the message to begin with."""

    lease: str
    message: Message | None


def take(conversation_id: int) -> Taken | None:
    """None where nothing is unanswered or another worker has it."""
    lease = uuid.uuid4().hex
    now, then = _CLOCK[connection.vendor]
    text = _TAKE.format(now=now, then=then, held=", ".join(HELD))
    rows = chained((text, [lease, settings.LEASE_SECONDS, conversation_id]), HELD, [(TURN_OF_FOUND, [])])
    if not rows:
        return None
    # A message that came in this very moment may be counted and not be seen yet.
    seen = rows[0][len(HELD)] is not None
    return Taken(lease, message_of(rows[0]) if seen else next_unanswered(conversation_id, lease))


def put_off(conversation_id: int, lease: str) -> None:
    """Give it back with its turn unanswered, as if it had not been tried."""
    with writing_once():
        _row(conversation_id, lease).update(lease=None, lease_until=None, turn_started=None, attempts=0)


@contextmanager
def kept(conversation_id: int, lease: str) -> Iterator[None]:
    """Renew the lease until the block ends. An error gives it back, for another try."""
    _keeper.add(conversation_id, lease)
    try:
        yield
    except Exception:
        _let_go(conversation_id, lease)
        raise
    finally:
        _keeper.discard(lease)


def _let_go(conversation_id: int, lease: str) -> None:
    try:
        with writing_once():
            _row(conversation_id, lease).update(lease=None, lease_until=None)
    except DatabaseError as error:
        log.warning("a lease could not be given back, it will run out: %s", type(error).__name__)


def _row(conversation_id: int, lease: str) -> QuerySet[Conversation]:
    return Conversation.objects.filter(pk=conversation_id, lease=lease)


class _Keeper:
    """One thread renews all leases of this process, with one update for all of them."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, conversation_id: int, lease: str) -> None:
        with self._lock:
            self._held[lease] = conversation_id
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()

    def discard(self, lease: str) -> None:
        with self._lock:
            self._held.pop(lease, None)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.LEASE_SECONDS / 4):
            with self._lock:
                held = dict(self._held)
            if held:
                self._renew(held)

    def _renew(self, held: dict[str, int]) -> None:
        rows = Conversation.objects.filter(pk__in=held.values(), lease__in=held)
        try:
            with writing_once():
                rows.update(lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS))
        except DatabaseError as error:
            log.warning("leases could not be renewed: %s", type(error).__name__)
        finally:
            connection.close()


_keeper = _Keeper()
