"""What websocket consumers have in common."""

from __future__ import annotations

import json
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer


class Socket(AsyncWebsocketConsumer):
    """Asks the database by `assistant.lib.threads.in_pool` only, which looks after its connections. Channels' own
    dispatch sends a thread to look after others' for each frame and each hint."""

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, get_handler_name(message))(message)

    async def hint_unreadable(self, event: dict[str, Any]) -> None:
        """Somebody else's (`assistant.lib.shared_redis`)."""

    async def say(self, payload: dict[str, Any]) -> None:
        await self.send(json.dumps(payload, ensure_ascii=False))
