"""ASGI middleware around the whole application: who the client is, and a queue for Django's pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from assistant.lib.addresses import client_of_scope
from assistant.lib.client_limits import Quota, current_client

log = logging.getLogger("frontdesk.serving")
NO_SUCH_SOCKET = 4404
PAGES_AT_ONCE, MAX_WAITING = 6, 200
Application = Callable[[Any, Any, Any], Awaitable[None]]
BUSY = b'{"message": "Too many requests at once, please try again.", "extra": {"code": "busy"}}'


class ClientMiddleware:
    """Sets the current client, and logs what fails in the application as one line instead of a traceback."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        current_client.set(client_of_scope(scope))
        try:
            await self._application(scope, receive, send)
        except Exception as error:
            log.error("a %s connection failed: %s", scope["type"], type(error).__name__)
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1011})
                return
            try:
                await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
            except ValueError:  # it had begun: a body that ends too early ends the connection
                log.error("an answer broke off")
            await send({"type": "http.response.body", "body": b""})


async def unknown_websocket(scope: Any, receive: Any, send: Any) -> None:
    """No websocket lives at this address."""
    await send({"type": "websocket.close", "code": NO_SUCH_SOCKET})


class PageQueue:
    """Lets each client have PAGES_AT_ONCE requests under way; the next ones wait, and beyond that get a 503.

    A request has its place until the answer begins: to send it may take long.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._present = Quota(lambda: PAGES_AT_ONCE + MAX_WAITING)
        self._places: dict[str, asyncio.Semaphore] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = current_client.get()
        if not self._present.take(client):
            await _send_busy(send)
            return
        places = self._places.setdefault(client, asyncio.Semaphore(PAGES_AT_ONCE))
        try:
            await places.acquire()
        except asyncio.CancelledError:
            self._leave(client)
            raise
        steps = [lambda: self._leave(client), places.release]

        def leave_once() -> None:
            while steps:
                steps.pop()()

        async def send_and_leave(message: Any) -> None:
            leave_once()
            await send(message)

        try:
            await self._application(scope, receive, send_and_leave)
        finally:
            leave_once()

    def _leave(self, client: str) -> None:
        self._present.give_back(client)
        if client not in self._present.taken:
            with suppress(KeyError):
                del self._places[client]


async def _send_busy(send: Any) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(BUSY)),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BUSY})
