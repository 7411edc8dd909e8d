"""Threads that Rasa works on, away from its callers: each has an event loop, and more threads for sync actions.

A thread cannot be cancelled. So when a turn overruns its time, its thread is abandoned: nothing new is put on it, and
what had not started on it moves to a fresh one.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from assistant.engine.errors import TurnTimeout
from assistant.engine.rasa_adapter.dialogue.actions import RunningTurn, running_turn

ACTION_THREADS = 8
T = TypeVar("T")


class ActionThreads(Executor):
    """A pool of daemon threads: one that hangs does not keep the process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()  # None tells one thread to end
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._calls.put(call)
        if not self._idle.acquire(blocking=False) and len(self._threads) < ACTION_THREADS:
            name = f"{self._name}-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()


class Call(Generic[T]):
    """Work for a Rasa thread. It may be put on two of them and is started once, on whichever comes first."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.future: Future[T] = Future()
        self._claim = threading.Lock()

    async def run(self, pool: Executor) -> None:
        """Do the work, with `pool` for sync actions. Errors end in the future."""
        if not self._claim.acquire(blocking=False) or self.future.cancelled():
            return
        running_turn.set(RunningTurn(pool))
        try:
            self._finish(self.future.set_result, await self._work())
        except BaseException as error:
            self._finish(self.future.set_exception, error)

    def _finish(self, set_outcome: Callable[[Any], None], outcome: object) -> None:
        # The caller may have given up, and a cancelled future takes no result.
        if not self.future.cancelled():
            set_outcome(outcome)

    @property
    def started(self) -> bool:
        """Whether a thread has begun with it."""
        return self._claim.locked()


class RasaThread:
    """One thread with its event loop, and the calls that were put on it and have not ended."""

    def __init__(self, number: int) -> None:
        self.calls: set[Call[Any]] = set()
        self.retired = False
        self.pool = ActionThreads(f"rasa-action-{number}")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name=f"rasa-{number}", daemon=True)
        self.thread.start()

    def put(self, call: Call[Any]) -> None:
        """Start the call soon, in a context of its own: no turn sees another's variables."""

        def end(_: asyncio.Task[None]) -> None:
            self.calls.discard(call)
            self._stop_if_idle()

        def start() -> None:
            self.loop.create_task(call.run(self.pool)).add_done_callback(end)

        self.calls.add(call)
        self.loop.call_soon_threadsafe(start, context=contextvars.Context())

    def waiting(self) -> list[Call[Any]]:
        """The calls that have not started."""
        return [call for call in list(self.calls) if not call.started]

    def retire(self) -> None:
        """End when the running calls have ended."""
        self.retired = True
        self.loop.call_soon_threadsafe(self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        if self.retired and not self.calls:
            self.pool.shutdown()
            self.loop.stop()


class RasaThreads:
    """The thread in use. `abandoned` counts those that a turn has overrun."""

    def __init__(self) -> None:
        self.abandoned = 0
        self._lock = threading.Lock()
        self._thread = RasaThread(0)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]], timeout: float) -> T:
        """The result of `work`. Raises TurnTimeout after `timeout` seconds."""
        call = Call(work)
        with self._lock:
            thread = self._thread
            thread.put(call)
        try:
            return call.future.result(timeout)
        except FutureTimeout:
            if not call.future.cancel():  # it has ended just now
                return call.future.result()
            with self._lock:
                if call.started and thread is self._thread:  # no other turn has abandoned it yet
                    self.abandoned += 1
                    self._thread = RasaThread(self.abandoned)
                    for waiting in thread.waiting():
                        self._thread.put(waiting)
                    thread.retire()
            raise TurnTimeout(f"No answer within {timeout:g} seconds.") from None

    def close(self) -> None:
        """End the thread when its calls have ended."""
        self._thread.retire()
