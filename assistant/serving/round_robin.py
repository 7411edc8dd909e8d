"""What peers send is read in turns: a piece of each, whenever the event loop comes by."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Work = Callable[[], None]


class RoundRobin:
    """A hundred requests of one peer that came at once are a hundred rounds, between which all others get theirs."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Work]] = {}  # by peer that had its piece in this round
        self._is_running = False

    def add(self, peer: str, work: Work) -> None:
        """Do it now where the peer had nothing done in this round, else in one of the next."""
        queue = self._waiting.get(peer)
        if queue is not None:
            queue.append(work)
            return
        self._waiting[peer] = deque()
        if not self._is_running:
            self._is_running = True
            asyncio.get_event_loop().call_soon(self._next_round)
        work()

    def _next_round(self) -> None:
        due = [(peer, queue.popleft() if queue else None) for peer, queue in self._waiting.items()]
        self._waiting = {peer: self._waiting[peer] for peer, work in due if work}
        self._is_running = bool(self._waiting)
        if self._is_running:
            asyncio.get_event_loop().call_soon(self._next_round)
        for _, work in due:
            if work:
                work()


round_robin = RoundRobin()


class ReadQueue:
    """The bytes of one connection that wait for their turn. Its transport is paused while some do."""

    def __init__(self, peer: str, read: Callable[[bytes], None], pause: Work, resume: Work) -> None:
        self._peer, self._read, self._pause, self._resume = peer, read, pause, resume
        self._waiting: list[bytes] = []
        self._is_paused = self.is_closed = False

    def put(self, data: bytes) -> None:
        """What the transport received."""
        self._waiting.append(data)
        if len(self._waiting) > 1:
            return
        round_robin.add(self._peer, self._read_all)
        if self._waiting:
            self._is_paused = True
            self._pause()

    def _read_all(self) -> None:
        if self.is_closed:
            self._waiting.clear()
            return
        data, self._waiting = b"".join(self._waiting), []
        if self._is_paused:
            self._is_paused = False
            self._resume()
        self._read(data)
