"""Kombu's transports for Redis and memory, for a broker that goes away, falls silent, or is this process itself.

A consumer asks Redis with BRPOP, which a healthy server answers within half a second even where there is nothing.
Where no answer comes, as from a suspended server or through a proxy whose other end is gone, Kombu would wait for ever.
In memory it looks again and again: a sixth of a processor with nothing to do, or a task that waits until the next look.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from queue import Empty
from typing import Any

import kombu
from celery.app import amqp
from kombu.transport import TRANSPORT_ALIASES, memory, redis
from redis import exceptions as redis_errors

log = logging.getLogger("frontdesk.broker")
SILENT_AFTER = 2.5  # seconds
AGAIN_AFTER = 1.0  # seconds, where the broker is away
LOOK_EVERY = 1.0  # seconds: where two consumers wait, one may take the other's call to wake
_arrived = threading.Event()


def use_our_transports() -> None:
    """From now on Kombu takes these for `redis://`, `rediss://` and `memory://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "assistant.lib.transports:RedisTransport"
    TRANSPORT_ALIASES["memory"] = "assistant.lib.transports:MemoryTransport"


class Connection(kombu.Connection):
    """To a broker that is tried each second for as long as it is away."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        # Kombu waits longer each time, up to half a minute: so long a worker would rest after a long outage.
        every = {"interval_start": AGAIN_AFTER, "interval_step": 0, "interval_max": AGAIN_AFTER}
        return super().ensure_connection(*args, **every | kwargs)


class AMQP(amqp.AMQP):
    """Celery's part that makes connections."""

    Connection = Connection


class RenewedConnection:
    """A connection that is opened anew before its next command once another one of this process was found broken.

    Each thread that publishes has a connection of its own. Where a server went away without a word they are all silent,
    and each of them would cost its sender `socket_timeout`.
    """

    found_broken_at = 0.0  # by the monotonic clock
    opened_at = 0.0

    def connect(self) -> None:
        if self._sock is None:  # type: ignore[attr-defined]
            self.opened_at = time.monotonic()
        super().connect()  # type: ignore[misc]

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if self.opened_at < RenewedConnection.found_broken_at:
            self.disconnect()  # type: ignore[attr-defined]
        super().send_packed_command(command, check_health)  # type: ignore[misc]

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]
        except (redis_errors.TimeoutError, redis_errors.ConnectionError):
            RenewedConnection.found_broken_at = time.monotonic()
            raise


class RedisChannel(redis.Channel):
    """Remembers when it asked, so that it notices that no answer comes."""

    asked = 0.0

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        parameters: dict[str, Any] = super()._connparams(asynchronous)
        if not asynchronous:  # those are for publishing; who consumes watches its own connection
            parameters["connection_class"] = type("Connection", (RenewedConnection, parameters["connection_class"]), {})
        return parameters

    def _brpop_start(self, timeout: Any = None) -> None:
        self.asked = time.monotonic()
        super()._brpop_start(timeout)

    def give_up_silent(self) -> None:
        """Ends a silent connection, so that Kombu finds it broken and opens another."""
        line = self._in_poll
        if not line or time.monotonic() - self.asked < SILENT_AFTER:
            return
        log.warning("the broker is silent, another connection is tried")
        RenewedConnection.found_broken_at = time.monotonic()
        with suppress(OSError, AttributeError):
            line._sock.shutdown(socket.SHUT_RDWR)


class RedisTransport(redis.Transport):
    """Gives up connections that have fallen silent."""

    Channel = RedisChannel
    brpop_timeout = 0.5  # seconds; less than `socket_timeout`, for who closes a channel waits for the answer

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        def give_up_silent() -> None:
            for channel in list(self.cycle._channels):
                channel.give_up_silent()

        super().register_with_event_loop(connection, loop)
        loop.call_repeatedly(0.5, give_up_silent)


class MemoryChannel(memory.Channel):
    """Wakes who waits for a message."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _arrived.set()

    def _put_fanout(self, exchange: str, message: Any, routing_key: str | None = None, **kwargs: Any) -> None:
        super()._put_fanout(exchange, message, routing_key, **kwargs)
        _arrived.set()


class MemoryTransport(memory.Transport):
    """Sleeps until a message arrives."""

    Channel = MemoryChannel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message. Raises TimeoutError where none comes within `timeout` seconds."""
        ends = time.monotonic() + timeout if timeout is not None else None
        while True:
            _arrived.clear()  # before the look: what comes after it is not missed
            try:
                self.cycle.get(self._deliver, timeout=timeout)
                return
            except Empty:
                left = ends - time.monotonic() if ends is not None else LOOK_EVERY
                if left <= 0:
                    raise TimeoutError from None
                _arrived.wait(min(left, LOOK_EVERY))
