"""REST callers wait for their replies without a thread each: one listener and one reader serve all of a process.

A hint says only that a turn may be answered. What a caller gets is read from the database, for all who wait at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer

from assistant.lib.errors import FrontdeskError
from assistant.lib.threads import in_pool
from conversations.groups import REST
from conversations.models import Message
from conversations.selectors import answers_to
from conversations.services import StoredMessage

log = logging.getLogger("frontdesk.rest")
LOOK_EVERY = 1.0  # seconds
HINTS_LAST = 5.0  # seconds; storing a message takes a fraction of it
MOST_HINTS = 10_000


class Late(FrontdeskError):
    code = "timeout"


@dataclass(eq=False)
class Caller:
    """Waits for the replies to one message."""

    asked: StoredMessage
    replies: asyncio.Future[list[Message]]


class Waiters:
    """Who waits for which message, on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Caller]] = defaultdict(set)  # by conversation, as hints name it
        self._early: OrderedDict[str, tuple[int, float]] = OrderedDict()  # turn and moment
        self._due: set[Caller] = set()
        self._is_due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def wait(self, asked: StoredMessage, seconds: float) -> list[Message]:
        """The replies to the message. Raises Late after `seconds`."""
        self._start()
        name, caller = asked.public_id.hex, Caller(asked, asyncio.get_running_loop().create_future())
        self._waiting[name].add(caller)
        early_turn, _ = self._early.get(name, (0, 0.0))
        if early_turn >= asked.turn or not asked.new:
            self._look_for({caller})
        try:
            return await asyncio.wait_for(caller.replies, seconds)
        except asyncio.TimeoutError:
            raise Late("No answer in time. The message is kept and will be answered.") from None
        finally:
            self._forget(name, caller)

    def hinted(self, conversation: str, turn: int) -> None:
        """Kept a while, too: a quick worker may answer before the caller has begun to wait."""
        self._look_for({caller for caller in self._waiting.get(conversation, ()) if caller.asked.turn <= turn})
        now = asyncio.get_running_loop().time()
        self._early.pop(conversation, None)
        self._early[conversation] = turn, now
        while len(self._early) > MOST_HINTS or next(iter(self._early.values()))[1] < now - HINTS_LAST:
            self._early.popitem(last=False)

    def _look_for(self, callers: set[Caller]) -> None:
        self._due |= callers
        if self._due:
            self._is_due.set()

    def _forget(self, conversation: str, caller: Caller) -> None:
        self._due.discard(caller)
        self._waiting[conversation].discard(caller)
        if not self._waiting[conversation]:
            del self._waiting[conversation]

    def _start(self) -> None:
        if not any(not task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(work()) for work in (self._listen, self._read, self._look_for_all)]

    async def _listen(self) -> None:
        """Hints. They may stop or be lost: all callers are looked for every second."""
        while True:
            try:
                await self._listen_once()
            except Exception as error:
                log.warning("hints for REST callers stopped: %s", type(error).__name__)
                await asyncio.sleep(LOOK_EVERY)

    async def _listen_once(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(REST, channel)
        while True:
            hint: dict[str, Any] = await layer.receive(channel)
            if hint["type"] == "turn.answered":
                self.hinted(hint["conversation"], hint["turn"])

    async def _look_for_all(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._look_for({caller for callers in self._waiting.values() for caller in callers})

    async def _read(self) -> None:
        """While one look at the database is under way, the next callers gather for one together."""
        while True:
            await self._is_due.wait()
            self._is_due.clear()
            callers, self._due = self._due, set()
            try:
                await self._answer(callers)
            except Exception as error:
                log.warning("the database could not be asked for REST callers: %s", type(error).__name__)

    async def _answer(self, callers: set[Caller]) -> None:
        asked = {(caller.asked.conversation_id, caller.asked.turn, caller.asked.seq) for caller in callers}
        found = await in_pool(answers_to, list(asked))
        for caller in callers:
            replies = found.get((caller.asked.conversation_id, caller.asked.turn))
            if replies is not None and not caller.replies.done():
                caller.replies.set_result(replies)


_waiters: dict[asyncio.AbstractEventLoop, Waiters] = {}


def waiters() -> Waiters:
    loop = asyncio.get_running_loop()
    if loop not in _waiters:
        for closed in [old for old in _waiters if old.is_closed()]:
            del _waiters[closed]
        _waiters[loop] = Waiters()
    return _waiters[loop]
