"""What one client may have at once. A client is an IP address, or a network of IPv6, as TRUSTED_PROXIES sees it."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings

# Whose work this is: `assistant.lib.threads.in_pool` shares its threads between them.
current_client: ContextVar[str] = ContextVar("client", default="")


def client_of(address: str) -> str:
    """Whoever has an IPv6 network has all addresses of it: the /64 is the client."""
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address[:64]
    if not isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))


MAX_ANONYMOUS_SOCKETS = 50


class Quota:
    """At most so many of one kind for each client."""

    def __init__(self, most: Callable[[], int | None]) -> None:
        """`most` is asked each time; None is without end."""
        self._most = most
        self.taken: Counter[str] = Counter()

    def take(self, client: str, count: int = 1) -> bool:
        most = self._most()
        if most is not None and self.taken[client] + count > most:
            return False
        self.taken[client] += count
        return True

    def give_back(self, client: str, count: int = 1) -> None:
        self.taken[client] -= count
        if self.taken[client] <= 0:
            del self.taken[client]


def strangers_of_one() -> int | None:
    return None if settings.CONNECTIONS_PER_ADDRESS is None else MAX_ANONYMOUS_SOCKETS


anonymous_sockets = Quota(strangers_of_one)  # websockets of one client whose visitor has not said hello
