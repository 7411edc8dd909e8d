"""How the load comes: who speaks when, and what is measured of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from benchmarks.load_clients import Failed, Visitor
from benchmarks.load_messages import Script

Open = Callable[[], Visitor]
_BROKEN = (Failed, OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError)


@dataclass
class Heard:
    """`waits`: seconds from each message to its whole answer, in the order in which they came."""

    waits: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    numbers: dict[str, float] = field(default_factory=dict)

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.waits) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    async def say(self, visitor: Visitor, text: str) -> bool:
        began = time.perf_counter()
        try:
            await visitor.say(text)
        except _BROKEN as error:
            self.errors[str(error) or type(error).__name__] += 1
            return False
        self.waits.append(time.perf_counter() - began)
        return True


class Shape(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int:
        """Conversations."""

    async def run(self, opened: Open, script: Script) -> Heard: ...


@dataclass(frozen=True)
class Closed:
    """`at_once` conversations of `messages` each; each speaks again as soon as it is answered."""

    at_once: int
    messages: int = 10
    at_most: float = 30.0  # seconds after which nobody speaks again
    least: int = 20  # conversations, where few are at once

    @property
    def name(self) -> str:
        return f"closed {self.at_once}"

    async def run(self, opened: Open, script: Script) -> Heard:
        heard = Heard()
        first = await _arrive_all(self.at_once, opened, heard)
        more = iter(range(max(0, self.least - self.at_once)))
        began = time.perf_counter()
        end = began + self.at_most
        await asyncio.gather(*(self._slot(visitor, more, opened, script, heard, end) for visitor in first))
        heard.seconds = time.perf_counter() - began
        return heard

    async def _slot(
        self, first: Visitor, more: Iterator[int], opened: Open, script: Script, heard: Heard, end: float
    ) -> None:
        visitor: Visitor | None = first
        while visitor:
            await self._talk(visitor, script, heard, end)
            visitor = await _arrive(opened, heard) if next(more, None) is not None else None

    async def _talk(self, visitor: Visitor, script: Script, heard: Heard, end: float) -> None:
        for _ in range(self.messages):
            if time.perf_counter() > end or not await heard.say(visitor, script.next()):
                break
        await visitor.close()


@dataclass(frozen=True)
class Thinking:
    """`at_once` visitors who think for `pause` seconds on average between an answer and the next message."""

    at_once: int
    pause: float
    lasting: float  # seconds

    @property
    def name(self) -> str:
        return f"{self.at_once} think {self.pause:g} s"

    async def run(self, opened: Open, script: Script) -> Heard:
        heard, chance = Heard(), random.Random(11)
        visitors = await _arrive_all(self.at_once, opened, heard)
        began = time.perf_counter()
        end = began + self.lasting
        await asyncio.gather(*(self._visit(visitor, script, heard, end, chance) for visitor in visitors))
        heard.seconds = time.perf_counter() - began
        return heard

    async def _visit(self, visitor: Visitor, script: Script, heard: Heard, end: float, chance: random.Random) -> None:
        pause = chance.uniform(0, self.pause)  # they do not march in step
        while time.perf_counter() + pause < end:
            await asyncio.sleep(pause)
            if not await heard.say(visitor, script.next()):
                break
            pause = min(chance.expovariate(1 / self.pause), 3 * self.pause)
        await visitor.close()


@dataclass(frozen=True)
class Steady:
    """`per_second` messages whatever becomes of those before them. Each is said by whoever has waited longest since he
    was answered; where nobody is free, somebody new comes."""

    per_second: float
    lasting: float  # seconds
    at_once: int = 200  # conversations to begin with

    @property
    def name(self) -> str:
        return f"{self.per_second:g} a second"

    async def run(self, opened: Open, script: Script) -> Heard:
        heard = Heard()
        free = deque(await _arrive_all(self.at_once, opened, heard))
        saying: list[asyncio.Task[None]] = []
        began = time.perf_counter()
        for number in range(int(self.per_second * self.lasting)):
            await asyncio.sleep(max(0.0, began + number / self.per_second - time.perf_counter()))
            visitor = free.popleft() if free else await _arrive(opened, heard)
            if visitor:
                saying.append(asyncio.create_task(self._say(visitor, script, heard, free)))
        await asyncio.gather(*saying)
        heard.seconds = time.perf_counter() - began
        for visitor in free:
            await visitor.close()
        return heard

    async def _say(self, visitor: Visitor, script: Script, heard: Heard, free: deque[Visitor]) -> None:
        if await heard.say(visitor, script.next()):
            free.append(visitor)


@dataclass(frozen=True)
class Long:
    """One conversation; its late messages against its early ones."""

    messages: int = 500
    at_most: float = 240.0
    at_once: int = 1

    @property
    def name(self) -> str:
        return f"1 of {self.messages}"

    async def run(self, opened: Open, script: Script) -> Heard:
        heard = Heard()
        visitor = await _arrive(opened, heard)
        began = time.perf_counter()
        while visitor and len(heard.waits) < self.messages and time.perf_counter() - began < self.at_most:
            if not await heard.say(visitor, script.next()):
                break
        heard.seconds = time.perf_counter() - began
        early, late = heard.waits[5:25], heard.waits[-20:]
        if late:
            heard.numbers = {
                "early_ms": median(early) * 1000,
                "late_ms": median(late) * 1000,
                "reached": len(heard.waits),
            }
            heard.numbers["ratio"] = heard.numbers["late_ms"] / heard.numbers["early_ms"]
        return heard


async def _arrive(opened: Open, heard: Heard) -> Visitor | None:
    visitor = opened()
    try:
        await visitor.open()
    except _BROKEN as error:
        heard.errors[f"open: {error}"] += 1
        return None
    return visitor


async def _arrive_all(count: int, opened: Open, heard: Heard) -> list[Visitor]:
    """A few at a time: a thousand at once is a flood, not a morning."""
    some = asyncio.Semaphore(20)

    async def arrive() -> Visitor | None:
        async with some:
            return await _arrive(opened, heard)

    return [visitor for visitor in await asyncio.gather(*(arrive() for _ in range(count))) if visitor]
