"""One HTTP request. Its body lies in memory or in a file and is read as the application asks for it."""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from daphne.http_protocol import WebRequest
from django.conf import settings
from twisted.web.http import NO_BODY_CODES

from assistant.lib.addresses import address_of, client_of
from assistant.serving import limits
from assistant.serving.limits import Refusal

log = logging.getLogger("frontdesk.serving")
PIECE = 1 << 16


class Request(WebRequest):
    """Daphne's, which reads bodies as they are asked for and holds answers to what they announced."""

    client_key = ""
    limit = received = 0  # bytes of the body
    budget = limits.small_bodies
    body: Any = None
    content: Any
    websocket_place: limits.WebsocketPlace | None = None
    _announced: int | None = None  # bytes of the answer
    _sent = 0

    def read_address(self) -> None:
        """Once the headers are there."""
        forwarded = b",".join(self.requestHeaders.getRawHeaders(b"x-forwarded-for") or [])
        if forwarded and not limits.is_behind_a_proxy():
            _warn_of_a_proxy()
        self.client_key = client_of(address_of(self.channel.peer, forwarded.decode("latin-1")))
        self.requestHeaders.removeHeader(b"daphne-root-path")  # never from a client

    def upgrade_problem(self, method: bytes, version: bytes) -> Refusal | None:
        """Whether it asks for a websocket and may not have it. Other upgrades are plain requests."""
        headers = self.requestHeaders
        upgrade = [it.strip().lower() for it in headers.getRawHeaders(b"upgrade") or []]
        if b"websocket" not in upgrade:
            return None
        fits = upgrade == [b"websocket"] and method == b"GET" and version == b"HTTP/1.1" and self.channel.length == 0
        ascii_only = all(value.isascii() for _, values in headers.getAllRawHeaders() for value in values)
        connection = {it.strip().lower() for it in b",".join(headers.getRawHeaders(b"connection") or []).split(b",")}
        if not fits or not ascii_only or b"upgrade" not in connection:
            return limits.BAD_REQUEST
        problem = limits.websocket_refusal(self.client_key)
        if problem is None:
            self.websocket_place = limits.WebsocketPlace(self.client_key)
        return problem

    # The body

    def gotLength(self, length: int | None) -> None:
        self.content = SpooledTemporaryFile(limits.IN_MEMORY, dir=str(settings.FILE_UPLOAD_TEMP_DIR))  # noqa: SIM115

    def handleContentChunk(self, data: bytes) -> None:
        if self.channel.refused:
            return
        self.received += len(data)
        if self.received > self.limit:
            self.received -= len(data)
            self.channel.refuse(limits.TOO_LARGE)
        elif not self.budget.take(self.client_key, len(data)):
            self.received -= len(data)
            self.channel.refuse(limits.TOO_MANY_BODIES)
        else:
            self.content.write(data)

    def release_body(self) -> None:
        """It is not needed any more, or will not come."""
        for file in (self.content, self.body):
            if file is not None:
                file.close()
        self.budget.give_back(self.client_key, self.received)
        self.received = 0

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Twisted's own reads forms into memory, for arguments that Daphne does not look at."""
        self.method, self.uri, self.clientproto = command, path, version
        if self.uri[:7].lower() == b"http://" or self.uri[:8].lower() == b"https://":
            parts = urlsplit(self.uri)  # as to a proxy: it beats the header
            self.requestHeaders.setRawHeaders(b"host", [parts.netloc])
            self.uri = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        self.path = self.uri.split(b"?", 1)[0]
        if not self.path.startswith(b"/") and not (command == b"OPTIONS" and path == b"*"):
            self.channel.refuse(limits.BAD_REQUEST)
            return
        self.process()

    def process(self) -> Any:
        """Daphne would read the body into memory: it gets an empty one, and the application's queue the real one."""
        self.content.seek(0)
        self.body, self.content = self.content, BytesIO()
        transport, channel = self.transport, self.channel
        done = super().process()
        if self.websocket_place and getattr(transport, "protocol", channel) is not channel:
            # It has become a websocket, which gives the place back at its end.
            transport.protocol.place, self.websocket_place = self.websocket_place, None
            transport.protocol.client_key = self.client_key
        return done

    def receive_queue(self) -> asyncio.Queue[dict[str, Any]]:
        """What the application receives from."""
        return BodyQueue(self.body)

    # The answer

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.finished or self.channel is None:
            return
        if message["type"] == "http.response.start":
            self._start_answer(message)
        elif self.method == b"HEAD" or self.code in NO_BODY_CODES:
            # Daphne writes past Twisted's own guard: from the second piece on, a body would follow.
            message = {"type": message["type"], "body": b""}
        elif not self._keeps_to_its_length(message):
            log.error("an answer is not as long as it said: %s", self.code)
            self.channel.transport.abortConnection()
            return
        super().handle_reply(message)

    def _start_answer(self, message: dict[str, Any]) -> None:
        self._announced, self._sent = None, 0
        for name, value in message.get("headers", []):
            if name.lower() == b"content-length" and value.isdigit():
                self._announced = int(value)
        if message["status"] == 204:
            message["headers"] = [it for it in message["headers"] if it[0].lower() != b"content-length"]

    def _keeps_to_its_length(self, message: dict[str, Any]) -> bool:
        if self._announced is None:
            return True
        self._sent += len(message.get("body", b""))
        return self._sent == self._announced or bool(message.get("more_body") and self._sent < self._announced)

    # The end

    def _cleanup(self) -> None:
        self._release()
        super()._cleanup()

    def connectionLost(self, reason: Any) -> None:
        self._release()
        super().connectionLost(reason)

    def _release(self) -> None:
        self.release_body()
        if self.websocket_place:
            self.websocket_place.give_back()


class BodyQueue(asyncio.Queue[dict[str, Any]]):
    """What an application receives: the body, a piece whenever it asks for one, then whatever happens."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self._body, self._is_read = body, False

    def put_nowait(self, message: dict[str, Any]) -> None:
        if message["type"] != "http.request":  # Daphne's, of the empty body
            super().put_nowait(message)

    async def get(self) -> dict[str, Any]:
        await asyncio.sleep(0)  # others' turn, between the pieces of a large one
        if self._is_read or self._body.closed:
            return dict(await super().get())
        piece = self._body.read(PIECE)
        self._is_read = len(piece) < PIECE
        return {"type": "http.request", "body": piece, "more_body": not self._is_read}


@lru_cache(maxsize=1)
def _warn_of_a_proxy() -> None:
    """Once: anyone may send that header."""
    log.warning(
        "a request came with X-Forwarded-For: if a proxy stands in front, set TRUSTED_PROXIES, else all are one"
    )
