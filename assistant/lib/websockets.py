"""What websocket consumers have in common, and hints to them from any thread."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

from autobahn.exception import Disconnected
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer

from assistant.lib.threads import run_on_loop

log = logging.getLogger("frontdesk.hints")
TOO_MANY, POLICY_VIOLATION = 4429, 1008


class WebsocketConsumer(AsyncWebsocketConsumer):
    """Asks the database by `assistant.lib.threads.in_pool` only, which looks after its connections. Channels' own
    dispatch sends a thread to look after others' for each frame and each hint."""

    is_closing = False

    async def dispatch(self, message: dict[str, Any]) -> None:
        if self.is_closing and message["type"] != "websocket.disconnect":
            return
        await getattr(self, get_handler_name(message))(message)

    async def hint_unreadable(self, event: dict[str, Any]) -> None:
        """Handles a hint of somebody else's (`assistant.lib.redis.channel_layer`): it is ignored."""

    async def say(self, payload: dict[str, Any]) -> None:
        """Send a JSON frame."""
        with suppress(Disconnected):  # it has just left, which `websocket.disconnect` tells next
            await self.send(json.dumps(payload, ensure_ascii=False))

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Frames that came before and were not read are dropped."""
        self.is_closing = True
        await super().close(code, reason)


def notify(group: str, event: dict[str, Any]) -> None:
    """Send a hint to all sockets of the group, and do not wait. It comes at most once: the row is the truth."""

    async def send() -> None:
        layer = get_channel_layer()
        try:
            await layer.group_send(group, event)
        except Exception as error:  # only a hint: whoever waits asks the database
            log.warning("a hint was lost: %s", type(error).__name__)

    run_on_loop(send())
