"""What peers send is taken in turns: a piece of each, whenever the event loop comes by."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Work = Callable[[], None]


class Rounds:
    """A hundred requests of one peer that came at once are a hundred rounds, between which all others get theirs."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[Work]] = {}  # of a peer that had its piece in this round, what waits
        self._is_running = False

    def add(self, peer: str, work: Work) -> None:
        line = self._lines.get(peer)
        if line is not None:
            line.append(work)
            return
        self._lines[peer] = deque()
        if not self._is_running:
            self._is_running = True
            asyncio.get_event_loop().call_soon(self._round)
        work()

    def _round(self) -> None:
        due = [(peer, line.popleft() if line else None) for peer, line in self._lines.items()]
        self._lines = {peer: self._lines[peer] for peer, work in due if work}
        self._is_running = bool(self._lines)
        if self._is_running:
            asyncio.get_event_loop().call_soon(self._round)
        for _, work in due:
            if work:
                work()


rounds = Rounds()


class Inlet:
    """The bytes of one connection, on their way through the rounds. Its transport rests while some wait."""

    def __init__(self, peer: str, take: Callable[[bytes], None], pause: Work, resume: Work) -> None:
        self._peer, self._take, self._pause, self._resume = peer, take, pause, resume
        self._waiting: list[bytes] = []
        self._rests = self.is_closed = False

    def put(self, data: bytes) -> None:
        self._waiting.append(data)
        if len(self._waiting) > 1:
            return
        rounds.add(self._peer, self._give)
        if self._waiting:
            self._rests = True
            self._pause()

    def _give(self) -> None:
        if self.is_closed:
            self._waiting.clear()
            return
        data, self._waiting = b"".join(self._waiting), []
        if self._rests:
            self._rests = False
            self._resume()
        self._take(data)
