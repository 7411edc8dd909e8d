"""A page's work is done on a thread of its own: so many at once for each client, the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from assistant.lib.crowds import Seats, client

AT_ONCE, MOST_WAITING = 6, 200
Application = Callable[[Any, Any, Any], Awaitable[None]]
BUSY = b'{"message": "Too many requests at once, please try again.", "extra": {"code": "busy"}}'


class InTurn:
    """Wraps an ASGI application. A turn ends when the answer begins: to send it may take long."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._present = Seats(lambda: AT_ONCE + MOST_WAITING)
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = client.get()
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
