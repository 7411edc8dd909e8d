"""A connection that was lost is replaced before its next use, and one that hangs is given up.

Threads keep their connections, in workers and servers alike: to open one takes longer than a turn's statements. So
nobody but the backend can look after all of them, whichever thread they belong to.
"""

from __future__ import annotations

import os
import secrets
import select
from functools import partial
from typing import Any

import psycopg2
from django.db.backends.postgresql import base

from assistant.lib.postgresql.watched import WatchedConnection, is_server_working, wait_while_server_works

psycopg2.extensions.set_wait_callback(wait_while_server_works)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with connections that are watched."""

    def ensure_connection(self) -> None:
        """Outside of transactions a lost connection is no loss: a new one takes its place."""
        if self.connection is not None and self.autocommit and not self.in_atomic_block and self._is_lost():
            self.close()
        super().ensure_connection()

    def _is_lost(self) -> bool:
        """Asks the kernel, which knows already, and not the server: that would cost a round trip for each statement.
        An idle connection has nothing to read, unless its server said good-bye."""
        if self.connection.closed or self.connection.is_suspect:
            return True
        unread = select.poll()
        unread.register(self.connection.fileno(), select.POLLIN)
        return bool(unread.poll(0)) and not self.is_usable()

    def get_connection_params(self) -> dict[str, Any]:
        """Each connection has a name of its own: by that one can ask the server what has become of it."""
        name = f"frontdesk {os.getpid()} {secrets.token_hex(6)}"
        return {**super().get_connection_params(), "connection_factory": WatchedConnection, "application_name": name}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.server_works = partial(is_server_working, conn_params)
        return connection
