"""Threads that Rasa works on, away from its callers: a lane is an event loop of its own and threads for sync actions.

A thread cannot be cancelled. So when a turn overruns its time, its lane is abandoned: nothing new is put on it, and
what had not started on it moves to a fresh one.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as Late
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from assistant.engine.errors import TurnTimeout
from assistant.engine.rasa_adapter.dialogue.actions import Running, running

ACTION_THREADS = 8
T = TypeVar("T")


class ActionThreads(Executor):
    """A pool of daemon threads: one that hangs does not keep the process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._calls.put(lambda: _fulfil(future, fn, args, kwargs))
        if not self._idle.acquire(blocking=False) and len(self._threads) < ACTION_THREADS:
            name = f"{self._name}-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for _ in self._threads:
            self._calls.put(_leave)

    def _work(self) -> None:
        while (call := self._calls.get()) is not _leave:
            call()
            self._idle.release()


def _leave() -> None:
    """Tells a thread to end."""


def _fulfil(future: Future[Any], fn: Callable[..., Any], args: Any, kwargs: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


class Job(Generic[T]):
    """Work for a lane: started once, on one lane, whichever comes first."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.future: Future[T] = Future()
        self._claim = threading.Lock()

    async def run(self, pool: Executor) -> None:
        if not self._claim.acquire(blocking=False) or self.future.cancelled():
            return
        running.set(Running(pool))
        try:
            self._tell(self.future.set_result, await self._work())
        except BaseException as error:
            self._tell(self.future.set_exception, error)

    def _tell(self, how: Callable[[Any], None], what: object) -> None:
        """The caller may have given up."""
        if not self.future.cancelled():
            how(what)

    @property
    def started(self) -> bool:
        return self._claim.locked()


class Lane:
    def __init__(self, number: int) -> None:
        self.jobs: set[Job[Any]] = set()
        self.retired = False
        self.pool = ActionThreads(f"rasa-action-{number}")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name=f"rasa-{number}", daemon=True)
        self.thread.start()

    def put(self, job: Job[Any]) -> None:
        self.jobs.add(job)
        self.loop.call_soon_threadsafe(self._start, job, context=contextvars.Context())

    def _start(self, job: Job[Any]) -> None:
        task = self.loop.create_task(job.run(self.pool))
        task.add_done_callback(lambda _: self._done(job))

    def waiting(self) -> list[Job[Any]]:
        return [job for job in list(self.jobs) if not job.started]

    def retire(self) -> None:
        """End when the running jobs have ended."""
        self.retired = True
        self.loop.call_soon_threadsafe(self._end_if_idle)

    def _done(self, job: Job[Any]) -> None:
        self.jobs.discard(job)
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self.retired and not self.jobs:
            self.pool.shutdown()
            self.loop.stop()


class Lanes:
    """The lane in use. `abandoned` counts those that a turn has overrun."""

    def __init__(self) -> None:
        self.abandoned = 0
        self._lock = threading.Lock()
        self._lane = Lane(0)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]], timeout: float) -> T:
        """Raises TurnTimeout after `timeout` seconds."""
        job = Job(work)
        with self._lock:
            lane = self._lane
            lane.put(job)
        try:
            return job.future.result(timeout)
        except Late:
            if not job.future.cancel():
                return job.future.result()
            if job.started:
                self._abandon(lane)
            raise TurnTimeout(f"No answer within {timeout:g} seconds.") from None

    def close(self) -> None:
        self._lane.retire()

    def _abandon(self, lane: Lane) -> None:
        with self._lock:
            if lane is not self._lane:
                return
            self.abandoned += 1
            self._lane = Lane(self.abandoned)
            for job in lane.waiting():
                self._lane.put(job)
        lane.retire()
