"""What websocket consumers have in common, and what stands before all ASGI applications."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from autobahn.exception import Disconnected
from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from assistant.lib.addresses import address_of_scope
from assistant.lib.crowds import client, client_of

log = logging.getLogger("frontdesk.serving")
NO_SUCH_SOCKET, TOO_MANY, POLICY_VIOLATION = 4404, 4429, 1008


class Socket(AsyncWebsocketConsumer):
    """Asks the database by `assistant.lib.threads.in_pool` only, which looks after its connections. Channels' own
    dispatch sends a thread to look after others' for each frame and each hint."""

    is_closing = False

    async def dispatch(self, message: dict[str, Any]) -> None:
        if self.is_closing and message["type"] != "websocket.disconnect":
            return
        await getattr(self, get_handler_name(message))(message)

    async def hint_unreadable(self, event: dict[str, Any]) -> None:
        """Somebody else's (`assistant.lib.redis_layer`)."""

    async def say(self, payload: dict[str, Any]) -> None:
        with suppress(Disconnected):  # it has just left, which `websocket.disconnect` tells next
            await self.send(json.dumps(payload, ensure_ascii=False))

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """What came before it and was not read is not read any more."""
        self.is_closing = True
        await super().close(code, reason)


class Clients:
    """Says whose work it is that follows, and takes what goes wrong in it: one line, not a traceback a request."""

    def __init__(self, application: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client.set(client_of(address_of_scope(scope)))
        try:
            await self._application(scope, receive, send)
        except Exception as error:
            log.error("a %s connection failed: %s", scope["type"], type(error).__name__)
            await _end(scope["type"], send)


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """No websocket lives at this address."""
    await send({"type": "websocket.close", "code": NO_SUCH_SOCKET})


async def _end(kind: str, send: Any) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1011})
        return
    try:
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
    except ValueError:  # it had begun: a body that ends too early ends the connection
        log.error("an answer broke off")
    await send({"type": "http.response.body", "body": b""})
