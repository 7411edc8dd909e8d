"""A connection to PostgreSQL that waits as long as the server works, and no longer.

Where a server is suspended, or a proxy holds a connection whose other end is gone, the kernel acknowledges every packet
and no time limit of TCP applies. Whoever waits for long asks by a second connection what has become of the first.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ

ASK_AFTER = 2.0  # seconds that a statement takes before one asks, and asks again
CONNECT_WITHIN = 3.0  # seconds
# The kernel's part: a host that is gone, packets that are dropped.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 6000}
_IS_ACTIVE = """
SELECT 1 FROM pg_stat_activity
WHERE application_name = %s AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite'
"""


class WatchedConnection(psycopg2.extensions.connection):
    """Has CONNECT_WITHIN for each step until `server_works` is set, which asks about it."""

    server_works: Callable[[], bool] | None = None
    newest_silent = 0.0  # when the youngest of all that fell silent was opened

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.opened = time.monotonic()
        super().__init__(*args, **kwargs)

    @property
    def is_suspect(self) -> bool:
        """Whether one that was opened later has fallen silent: this one leads to the same server."""
        return self.opened <= WatchedConnection.newest_silent

    def give_up(self) -> None:
        """Raises OperationalError, which closes it."""
        if self.server_works:
            WatchedConnection.newest_silent = max(WatchedConnection.newest_silent, self.opened)
        raise psycopg2.OperationalError("the database does not answer")


def wait_while_server_works(connection: Any) -> None:
    """What psycopg2 calls in order to wait. An error raised in here closes the connection."""
    watched = isinstance(connection, WatchedConnection)
    ends = time.monotonic() + CONNECT_WITHIN
    while (state := connection.poll()) != POLL_OK:
        ready = select.poll()  # anew: while it connects, the descriptor may change
        ready.register(connection.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        server_works = connection.server_works if watched else None
        seconds = ASK_AFTER if server_works else max(0.0, ends - time.monotonic())
        while not ready.poll(seconds * 1000 if watched else None):
            if server_works is None or not server_works():
                connection.give_up()


def is_server_working(params: dict[str, Any]) -> bool:
    """Whether the server works at a statement of the connection that was opened with these parameters. One that has
    answered, and whose answer did not get here, does not; nor does one that waits for us to read."""
    asking = {**params, "application_name": "frontdesk asks"}
    try:
        with closing(psycopg2.connect(**asking)) as connection, connection.cursor() as cursor:
            cursor.execute(_IS_ACTIVE, [params["application_name"]])
            return cursor.fetchone() is not None
    except psycopg2.Error:
        return False
