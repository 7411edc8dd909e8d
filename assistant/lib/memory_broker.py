"""Kombu's broker in memory, which wakes who waits. Its own looks again and again: a sixth of a processor with nothing
to do, or a task that waits until the next look."""

from __future__ import annotations

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import memory

LOOK_EVERY = 1.0  # seconds: where two consumers wait, one may take the other's call to wake
_arrived = threading.Event()


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _arrived.set()

    def _put_fanout(self, exchange: str, message: Any, routing_key: str | None = None, **kwargs: Any) -> None:
        super()._put_fanout(exchange, message, routing_key, **kwargs)
        _arrived.set()


class Transport(memory.Transport):
    Channel = Channel

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
