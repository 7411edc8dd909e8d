"""Threads that clients take turns at: one that asks for much waits behind itself, not before the others."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Call = Callable[[], Any]


class FairPool:
    """`share` of the `threads` may work for one client at once. A nameless one ("") is the house itself."""

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
        """Whatever may be done now. What may not is done by the thread that ends what it waits for."""
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
