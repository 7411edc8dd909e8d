"""Blocking work away from an event loop, and coroutines from threads that have none."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection

from assistant.lib.client_limits import current_client

T = TypeVar("T")
Call = Callable[[], Any]


async def in_pool(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run `function` on a few lasting threads that keep their database connections.

    Clients take turns (`assistant.lib.client_limits.current_client`), and each has some of the threads at most.
    Django's own `sync_to_async` takes a new thread, and so a new connection, for every request.
    """

    def call() -> T:
        connection.close_if_unusable_or_obsolete()
        return function(*args, **kwargs)

    return await asyncio.wrap_future(_pool.submit(current_client.get(), call))


def run_on_loop(coroutine: Coroutine[Any, Any, object]) -> None:
    """Hand a coroutine to the server's event loop, or to one of our own where no server runs; do not wait for it."""
    loop = getattr(sys.modules.get("daphne.server"), "twisted_loop", None)
    if loop is None or not loop.is_running():
        loop = _own_loop()
    asyncio.run_coroutine_threadsafe(coroutine, loop)


@lru_cache(maxsize=1)
def _own_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="hints", daemon=True).start()
    return loop


class FairPool:
    """Threads that clients take turns at: one that asks for much waits behind itself, not before the others.

    `share` of the `threads` may work for one client at once. The nameless one ("") is the server itself.
    """

    def __init__(self, threads: int, share: int = 3) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._share = share
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[tuple[Future[Any], Call]]] = {}  # in the order of whose turn it is
        self._busy: Counter[str] = Counter()

    def submit(self, client: str, call: Call) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.setdefault(client, deque()).append((future, call))
        self._threads.submit(self._work)
        return future

    def _work(self) -> None:
        """Do whatever may be done now. What may not is done by the thread that ends what it waits for."""
        while taken := self._take():
            client, future, call = taken
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            with self._lock:
                self._busy.subtract([client])
                self._busy += Counter()  # without those at zero

    def _take(self) -> tuple[str, Future[Any], Call] | None:
        with self._lock:
            free = (it for it in self._waiting if it == "" or self._busy[it] < self._share)
            client = next(free, None)
            if client is None:
                return None
            line = self._waiting.pop(client)
            future, call = line.popleft()
            if line:
                self._waiting[client] = line  # behind the others
            self._busy[client] += 1
            return client, future, call


_pool = FairPool(8)
