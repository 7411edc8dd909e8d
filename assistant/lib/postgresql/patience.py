"""Waiting for PostgreSQL: as long as it takes while the server works, and no longer.

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
_ACTIVE = """
SELECT 1 FROM pg_stat_activity
WHERE application_name = %s AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite'
"""


class Watched(psycopg2.extensions.connection):
    """Until `works_at_it` is set it has CONNECT_WITHIN for each step."""

    works_at_it: Callable[[], bool] | None = None
    newest_silent = 0.0  # when the youngest of those that fell silent was opened

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.opened = time.monotonic()
        super().__init__(*args, **kwargs)

    @property
    def is_suspect(self) -> bool:
        """Whether one that was opened later has fallen silent: this one leads to the same server."""
        return self.opened <= Watched.newest_silent

    def give_up(self) -> None:
        if self.works_at_it:
            Watched.newest_silent = max(Watched.newest_silent, self.opened)
        raise psycopg2.OperationalError("the database does not answer")


def wait_with_patience(connection: Any) -> None:
    """What psycopg2 calls in order to wait. An error raised in here closes the connection."""
    watched = isinstance(connection, Watched)
    ends = time.monotonic() + CONNECT_WITHIN
    while (state := connection.poll()) != POLL_OK:
        ready = select.poll()  # anew: while it connects, the descriptor may change
        ready.register(connection.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        works_at_it = connection.works_at_it if watched else None
        seconds = ASK_AFTER if works_at_it else max(0.0, ends - time.monotonic())
        while not ready.poll(seconds * 1000 if watched else None):
            if works_at_it is None or not works_at_it():
                connection.give_up()


def works_at_it(params: dict[str, Any]) -> bool:
    """Whether the server works at a statement of the connection that was opened with these parameters. One that has
    answered, and whose answer did not get here, does not; nor does one that waits for us to read."""
    asking = {**params, "application_name": "frontdesk asks"}
    try:
        with closing(psycopg2.connect(**asking)) as connection, connection.cursor() as cursor:
            cursor.execute(_ACTIVE, [params["application_name"]])
            return cursor.fetchone() is not None
    except psycopg2.Error:
        return False
