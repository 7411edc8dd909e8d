"""REST callers wait for their replies without a thread each: one listener and one look at the database a second
serve all of a process."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict
from typing import Any

from channels.layers import get_channel_layer

from assistant.lib.errors import FrontdeskError
from assistant.lib.threads import in_pool
from conversations.groups import REST
from conversations.selectors import answered_turns

log = logging.getLogger("frontdesk.rest")
LOOK_EVERY = 1.0  # seconds
KEPT_HINTS = 500


Replies = list[dict[str, Any]]


class Late(FrontdeskError):
    code = "timeout"


class Waiters:
    """Who waits for which turn, on one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[asyncio.Future[Replies | None], int]] = defaultdict(dict)
        self._early: OrderedDict[int, tuple[int, Replies]] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []

    async def wait(self, conversation_id: int, turn: int, seconds: float) -> Replies | None:
        """The replies to the turn as the hint brought them; None: it is answered, read them from the database.

        Raises Late after `seconds`.
        """
        self._start()
        early_turn, early_replies = self._early.pop(conversation_id, (0, []))
        if early_turn >= turn:
            return early_replies if early_turn == turn else None
        done = asyncio.get_running_loop().create_future()
        self._waiting[conversation_id][done] = turn
        try:
            return await asyncio.wait_for(done, seconds)
        except asyncio.TimeoutError:
            raise Late("No answer in time. The message is kept and will be answered.") from None
        finally:
            self._forget(conversation_id, done)

    def hinted(self, conversation_id: int, turn: int, replies: Replies) -> None:
        """A quick worker may answer before the caller has begun to wait: what nobody waits for yet is kept a while."""
        if conversation_id not in self._waiting:
            self._early[conversation_id] = turn, replies
        if len(self._early) > KEPT_HINTS:
            self._early.popitem(last=False)
        self.answered(conversation_id, turn, replies)

    def answered(self, conversation_id: int, turn: int, replies: Replies | None) -> None:
        """`replies` belong to this very turn; who waits for an earlier one reads its own."""
        for done, wanted in self._waiting.get(conversation_id, {}).items():
            if wanted <= turn and not done.done():
                done.set_result(replies if wanted == turn else None)

    def _forget(self, conversation_id: int, done: asyncio.Future[Replies | None]) -> None:
        self._waiting[conversation_id].pop(done, None)
        if not self._waiting[conversation_id]:
            del self._waiting[conversation_id]

    def _start(self) -> None:
        if not any(not task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]

    async def _listen(self) -> None:
        """Hints. They may stop or be lost: `_look` sees the same turns, a little later."""
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
            hint = await layer.receive(channel)
            self.hinted(hint["conversation"], hint["turn"], hint["replies"])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._look_once()
            except Exception as error:
                log.warning("the database could not be asked for REST callers: %s", type(error).__name__)

    async def _look_once(self) -> None:
        if not self._waiting:
            return
        for conversation_id, turn in (await in_pool(answered_turns, list(self._waiting))).items():
            self.answered(conversation_id, turn, None)


_waiters: dict[asyncio.AbstractEventLoop, Waiters] = {}


def waiters() -> Waiters:
    loop = asyncio.get_running_loop()
    if loop not in _waiters:
        for closed in [old for old in _waiters if old.is_closed()]:
            del _waiters[closed]
        _waiters[loop] = Waiters()
    return _waiters[loop]
