"""Kombu's Redis transport, for a Redis that goes away or falls silent.

A consumer asks with BRPOP, which a healthy server answers within half a second even where there is nothing. Where no
answer comes, as from a suspended server or through a proxy whose other end is gone, Kombu would wait for ever.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress
from typing import Any

import kombu
from celery.app import amqp
from kombu.transport import TRANSPORT_ALIASES, redis

log = logging.getLogger("frontdesk.broker")
SILENT_AFTER = 2.5  # seconds
AGAIN_AFTER = 1.0  # seconds, where the broker is away


class Channel(redis.Channel):
    asked = 0.0

    def _brpop_start(self, timeout: Any = None) -> None:
        self.asked = time.monotonic()
        super()._brpop_start(timeout)

    def give_up_silent(self) -> None:
        """Ends the connection, so that Kombu finds it broken and opens another."""
        line = self._in_poll
        if not line or time.monotonic() - self.asked < SILENT_AFTER:
            return
        log.warning("the broker is silent, another connection is tried")
        with suppress(OSError, AttributeError):
            line._sock.shutdown(socket.SHUT_RDWR)


class Transport(redis.Transport):
    Channel = Channel
    brpop_timeout = 0.5  # seconds; less than `socket_timeout`, for who closes a channel waits for the answer

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        super().register_with_event_loop(connection, loop)
        loop.call_repeatedly(0.5, self._give_up_silent)

    def _give_up_silent(self) -> None:
        for channel in list(self.cycle._channels):
            channel.give_up_silent()


class Connection(kombu.Connection):
    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Kombu waits longer each time, up to half a minute: so long a worker would rest after a long outage."""
        every = {"interval_start": AGAIN_AFTER, "interval_step": 0, "interval_max": AGAIN_AFTER}
        return super().ensure_connection(*args, **every | kwargs)


class AMQP(amqp.AMQP):
    Connection = Connection


def use() -> None:
    """From now on Kombu takes our transports for `redis://`, `rediss://` and `memory://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "assistant.lib.broker:Transport"
    TRANSPORT_ALIASES["memory"] = "assistant.lib.memory_broker:Transport"
