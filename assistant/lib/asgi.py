"""What stands before all ASGI applications: who the client is, and a queue for pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from assistant.lib.addresses import address_of_scope
from assistant.lib.client_limits import Quota, client_of, current_client

log = logging.getLogger("frontdesk.serving")
NO_SUCH_SOCKET = 4404
AT_ONCE, MOST_WAITING = 6, 200
Application = Callable[[Any, Any, Any], Awaitable[None]]
BUSY = b'{"message": "Too many requests at once, please try again.", "extra": {"code": "busy"}}'


class ClientMiddleware:
    """Says whose work it is that follows, and takes what goes wrong in it: one line, not a traceback a request."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        current_client.set(client_of(address_of_scope(scope)))
        try:
            await self._application(scope, receive, send)
        except Exception as error:
            log.error("a %s connection failed: %s", scope["type"], type(error).__name__)
            await _end(scope["type"], send)


async def unknown_websocket(scope: Any, receive: Any, send: Any) -> None:
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


class PageQueue:
    """Wraps an ASGI application. A turn ends when the answer begins: to send it may take long."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._present = Quota(lambda: AT_ONCE + MOST_WAITING)
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = current_client.get()
        if not self._present.take(name):
            await _busy(send)
            return
        turns = self._turns.setdefault(name, asyncio.Semaphore(AT_ONCE))
        try:
            await turns.acquire()
        except asyncio.CancelledError:
            self._leave(name)
            raise
        ends = [lambda: self._leave(name), turns.release]

        def end() -> None:
            while ends:
                ends.pop()()

        async def send_and_end(message: Any) -> None:
            end()
            await send(message)

        try:
            await self._application(scope, receive, send_and_end)
        finally:
            end()

    def _leave(self, name: str) -> None:
        self._present.give_back(name)
        if name not in self._present.taken:
            with suppress(KeyError):
                del self._turns[name]


async def _busy(send: Any) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(BUSY)),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BUSY})
