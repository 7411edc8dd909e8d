"""What one client may have at once: of threads, pages, sockets. `assistant.lib.addresses` says what a client is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings

MAX_ANONYMOUS_SOCKETS = 50

# Whose work this is: `assistant.lib.threads.in_pool` shares its threads between clients.
current_client: ContextVar[str] = ContextVar("client", default="")


class Quota:
    """At most so many of one kind for each client."""

    def __init__(self, limit: Callable[[], int | None]) -> None:
        """`limit` is called each time; None is without end."""
        self._limit = limit
        self.taken: Counter[str] = Counter()

    def take(self, client: str, count: int = 1) -> bool:
        """Whether there was room; it is taken then."""
        limit = self._limit()
        if limit is not None and self.taken[client] + count > limit:
            return False
        self.taken[client] += count
        return True

    def give_back(self, client: str, count: int = 1) -> None:
        self.taken[client] -= count
        if self.taken[client] <= 0:
            del self.taken[client]


# Websockets of a client whose visitor has not said hello.
anonymous_sockets = Quota(lambda: None if settings.CONNECTIONS_PER_ADDRESS is None else MAX_ANONYMOUS_SOCKETS)
