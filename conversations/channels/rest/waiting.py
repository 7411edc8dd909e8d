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
KEEP_HINTS = 5.0  # seconds; storing a message takes a fraction of it
MAX_HINTS = 10_000


class AnswerIsLate(FrontdeskError):
    """There is none yet. The message is kept and will be answered."""

    code = "timeout"


@dataclass(eq=False)
class Caller:
    """Waits for the replies to one message."""

    message: StoredMessage
    replies: asyncio.Future[list[Message]]


class WaitingCallers:
    """Who waits for which message, on one event loop."""

    def __init__(self) -> None:
        self._callers: dict[str, set[Caller]] = defaultdict(set)  # by conversation, as hints name it
        self._hints: OrderedDict[str, tuple[int, float]] = OrderedDict()  # turn and moment by conversation
        self._to_read: set[Caller] = set()
        self._has_to_read = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def wait(self, message: StoredMessage, seconds: float) -> list[Message]:
        """The replies to the message. Raises AnswerIsLate after `seconds`."""
        if all(task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(work()) for work in (self._listen, self._read, self._read_all_regularly)]
        conversation = message.public_id.hex
        caller = Caller(message, asyncio.get_running_loop().create_future())
        self._callers[conversation].add(caller)
        # The answer may be there already: a quick worker's hint came first, or the message was sent before.
        hinted_turn, _ = self._hints.get(conversation, (0, 0.0))
        if hinted_turn >= message.turn or not message.new:
            self._read_soon({caller})
        try:
            return await asyncio.wait_for(caller.replies, seconds)
        except asyncio.TimeoutError:
            raise AnswerIsLate("No answer in time. The message is kept and will be answered.") from None
        finally:
            self._to_read.discard(caller)
            self._callers[conversation].discard(caller)
            if not self._callers[conversation]:
                del self._callers[conversation]

    def on_hint(self, conversation: str, turn: int) -> None:
        """This turn and all before it may be answered. The hint is kept a while, for a caller who is about to wait."""
        self._read_soon({caller for caller in self._callers.get(conversation, ()) if caller.message.turn <= turn})
        now = asyncio.get_running_loop().time()
        self._hints.pop(conversation, None)
        self._hints[conversation] = turn, now  # the newest stands last
        while len(self._hints) > MAX_HINTS or next(iter(self._hints.values()))[1] < now - KEEP_HINTS:
            self._hints.popitem(last=False)

    def _read_soon(self, callers: set[Caller]) -> None:
        self._to_read |= callers
        if self._to_read:
            self._has_to_read.set()

    async def _listen(self) -> None:
        """Hints. They may stop or be lost: `_read_all_regularly` needs none."""
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(REST, channel)
                while True:
                    hint: dict[str, Any] = await layer.receive(channel)
                    if hint["type"] == "turn.answered":
                        self.on_hint(hint["conversation"], hint["turn"])
            except Exception as error:
                log.warning("hints for REST callers stopped: %s", type(error).__name__)
                await asyncio.sleep(LOOK_EVERY)

    async def _read_all_regularly(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._read_soon({caller for callers in self._callers.values() for caller in callers})

    async def _read(self) -> None:
        """While one look at the database is under way, the next callers gather for one together."""
        while True:
            await self._has_to_read.wait()
            self._has_to_read.clear()
            callers, self._to_read = self._to_read, set()
            try:
                messages = [caller.message for caller in callers]
                places = {(message.conversation_id, message.turn, message.seq) for message in messages}
                answers = await in_pool(answers_to, list(places))
            except Exception as error:
                log.warning("the database could not be asked for REST callers: %s", type(error).__name__)
                continue
            for caller in callers:
                replies = answers.get((caller.message.conversation_id, caller.message.turn))
                if replies is not None and not caller.replies.done():
                    caller.replies.set_result(replies)


_of_loop: dict[asyncio.AbstractEventLoop, WaitingCallers] = {}


def waiting_callers() -> WaitingCallers:
    """Those of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loop:
        for closed in [old for old in _of_loop if old.is_closed()]:
            del _of_loop[closed]
        _of_loop[loop] = WaitingCallers()
    return _of_loop[loop]
