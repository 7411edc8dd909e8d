"""One HTTP request. Its body lies in memory or in a file and is read as the application asks for it."""

from __future__ import annotations

import asyncio
import logging
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import urlsplit

from daphne.http_protocol import WebRequest
from django.conf import settings
from twisted.web.http import NO_BODY_CODES

from assistant.serving import limits
from assistant.serving.channel import client_behind
from assistant.serving.limits import Refusal

log = logging.getLogger("frontdesk.serving")
PIECE = 1 << 16


class Request(WebRequest):
    client_key = ""
    limit = received = 0
    account = limits.small_bodies
    body: Any = None
    content: Any
    leave_socket: Any = None
    _said: int | None = None
    _length = 0

    def read_address(self) -> None:
        """Once the headers are there. The application takes its root from Daphne, never from a client."""
        self.client_key = client_behind(self.channel.peer, self.requestHeaders)
        self.requestHeaders.removeHeader(b"daphne-root-path")

    def upgrade_problem(self, method: bytes, version: bytes) -> Refusal | None:
        """Whether it asks for a websocket and may not have it. Other upgrades are plain requests."""
        headers = self.requestHeaders
        upgrade = [it.strip().lower() for it in headers.getRawHeaders(b"upgrade") or []]
        if b"websocket" not in upgrade:
            return None
        fits = upgrade == [b"websocket"] and method == b"GET" and version == b"HTTP/1.1" and self.channel.length == 0
        ascii_only = all(value.isascii() for _, values in headers.getAllRawHeaders() for value in values)
        said = {it.strip().lower() for it in b",".join(headers.getRawHeaders(b"connection") or []).split(b",")}
        if not fits or not ascii_only or b"upgrade" not in said:
            return limits.BAD_REQUEST
        problem = limits.refused_socket(self.client_key)
        if problem is None:
            self.leave_socket = _Seat(self.client_key).leave
        return problem

    # --- the body comes

    def gotLength(self, length: int | None) -> None:
        self.content = SpooledTemporaryFile(limits.IN_MEMORY, dir=str(settings.FILE_UPLOAD_TEMP_DIR))  # noqa: SIM115

    def handleContentChunk(self, data: bytes) -> None:
        if self.channel.refused:
            return
        self.received += len(data)
        if self.received > self.limit:
            self.received -= len(data)
            self.channel.refuse(limits.TOO_LARGE)
        elif not self.account.take(self.client_key, len(data)):
            self.received -= len(data)
            self.channel.refuse(limits.TOO_MANY_BODIES)
        else:
            self.content.write(data)

    def release_body(self) -> None:
        for file in (self.content, self.body):
            if file is not None:
                file.close()
        self.account.give_back(self.client_key, self.received)
        self.received = 0

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Twisted's own reads forms into memory, for arguments that Daphne does not look at."""
        self.method, self.uri, self.clientproto = command, path, version
        if self.uri[:7].lower() == b"http://" or self.uri[:8].lower() == b"https://":
            self._take_the_host_from_the_target()
        self.path = self.uri.split(b"?", 1)[0]
        if not self.path.startswith(b"/") and not (command == b"OPTIONS" and path == b"*"):
            self.channel.refuse(limits.BAD_REQUEST)
            return
        self.process()

    def process(self) -> Any:
        """Daphne reads the body into memory, too: it gets an empty one, and the application's queue the real one."""
        self.content.seek(0)
        self.body, self.content = self.content, BytesIO()
        transport, channel = self.transport, self.channel
        done = super().process()
        if self.leave_socket and getattr(transport, "protocol", channel) is not channel:
            transport.protocol.leave, self.leave_socket = self.leave_socket, None
            transport.protocol.client_key = self.client_key
        return done

    def inbox(self) -> asyncio.Queue[dict[str, Any]]:
        return BodyQueue(self.body)

    def _take_the_host_from_the_target(self) -> None:
        parts = urlsplit(self.uri)
        self.requestHeaders.setRawHeaders(b"host", [parts.netloc])
        self.uri = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")

    # --- the answer goes

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.finished or self.channel is None:
            return
        if message["type"] == "http.response.start":
            self._begin(message)
        elif self.method == b"HEAD" or self.code in NO_BODY_CODES:
            # Daphne writes past Twisted's own guard: from the second piece on, a body would follow.
            message = {"type": message["type"], "body": b""}
        elif not self._keeps_to_its_length(message):
            log.error("an answer is not as long as it said: %s", self.code)
            self.channel.transport.abortConnection()
            return
        super().handle_reply(message)

    def _begin(self, message: dict[str, Any]) -> None:
        self._said, self._length = None, 0
        for name, value in message.get("headers", []):
            if name.lower() == b"content-length" and value.isdigit():
                self._said = int(value)
        if message["status"] == 204:
            message["headers"] = [it for it in message["headers"] if it[0].lower() != b"content-length"]

    def _keeps_to_its_length(self, message: dict[str, Any]) -> bool:
        if self._said is None:
            return True
        self._length += len(message.get("body", b""))
        return self._length == self._said or bool(message.get("more_body") and self._length < self._said)

    # --- the end

    def _cleanup(self) -> None:
        self._leave()
        super()._cleanup()

    def connectionLost(self, reason: Any) -> None:
        self._leave()
        super().connectionLost(reason)

    def _leave(self) -> None:
        self.release_body()
        if self.leave_socket:
            self.leave_socket()


class _Seat:
    def __init__(self, client: str) -> None:
        self._client: str | None = client

    def leave(self) -> None:
        if self._client is not None:
            limits.sockets.give_back(self._client)
            self._client = None


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
