"""One HTTP connection, read strictly: whatever a proxy might understand in another way ends it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.web.http import RESPONSES, HTTPChannel

from assistant.lib.client_limits import current_client
from assistant.lib.threads import in_pool
from assistant.lib.transfers import LargeUpload, may_upload
from assistant.serving import limits
from assistant.serving.limits import Refusal
from assistant.serving.round_robin import ReadQueue

log = logging.getLogger("frontdesk.serving")


class Channel(HTTPChannel):
    """Headers have a time, bodies a pace and a size, and what is refused is refused before it is read.

    Twisted begins its clock anew with each byte, and reads a whole body before anybody may look at the request.
    """

    maxHeaders = 100
    refused = False
    transport: Any
    _networkProducer: Any
    _path: Any

    # The connection

    def connectionMade(self) -> None:
        super().connectionMade()
        self.peer = str(getattr(self.transport.getPeer(), "host", ""))
        self.read_queue = ReadQueue(self.peer, self._read, self._networkProducer.pauseProducing, self._resume_reading)
        self.can_write = asyncio.Event()
        self.can_write.set()
        self._is_idle = True
        self._at_last_step = self._discarded = 0
        self._is_checking = False
        self.setTimeout(limits.HEADERS_WITHIN)

    def connectionLost(self, reason: Any = connectionDone) -> None:
        self._end_idling()
        self.read_queue.is_closed = True
        self.can_write.set()
        super().connectionLost(reason)

    def timeoutConnection(self) -> None:
        is_in_body = bool(self.requests) and not self.line_mode and not self._handlingRequest
        if self.refused:
            self.transport.abortConnection()
        elif not is_in_body:
            super().timeoutConnection()
        elif self._is_checking or self.requests[-1].received - self._at_last_step >= limits.BODY_STEP_BYTES:
            self._at_last_step = self.requests[-1].received
            self.setTimeout(limits.BODY_STEP)
        else:
            self.refuse(limits.TOO_SLOW)

    def pauseProducing(self) -> None:
        self.can_write.clear()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.can_write.set()
        super().resumeProducing()

    async def drained(self) -> None:
        """Until the client has read most of what it was sent. One that reads nothing for long is disconnected."""
        try:
            await asyncio.wait_for(self.can_write.wait(), limits.ANSWER_TAKEN_WITHIN)
        except asyncio.TimeoutError:
            self.transport.abortConnection()

    # What the client sends

    def dataReceived(self, data: bytes) -> None:
        if self.refused:
            self._read(data)
        else:
            self.read_queue.put(data)

    def _read(self, data: bytes) -> None:
        if not self.refused:
            LineReceiver.dataReceived(self, data)  # past Twisted's own, which begins the clock anew
            return
        self._discarded += len(data)
        if self._discarded > limits.LEAVE_BYTES:
            self.transport.abortConnection()

    def _resume_reading(self) -> None:
        if not self._is_checking and not self._waitingForTransport:
            self._networkProducer.resumeProducing()

    def setLineMode(self, extra: bytes = b"") -> None:
        # What was kept during the last request comes before what waits in the queue.
        self.line_mode = 1
        if extra:
            self._read(extra)

    def lineReceived(self, line: bytes) -> bool | None:
        """True stops the reading of lines."""
        if line[:1] in (b" ", b"\t") or any(byte in line for byte in b"\r\n\0"):
            self.refuse(limits.BAD_REQUEST)
        else:
            super().lineReceived(line)
        return self.refused or None

    def lineLengthExceeded(self, line: bytes) -> bool:
        self.refuse(limits.HEADERS_TOO_LONG)
        return True

    def allHeadersReceived(self) -> None:
        if self.refused:
            return
        request = self.requests[-1]
        request.read_address()
        problem = self._ambiguity(request.requestHeaders) or request.upgrade_problem(self._command, self._version)
        if problem:
            self.refuse(problem)
            return
        self._at_last_step = 0
        self.setTimeout(limits.BODY_STEP)
        request.limit = limits.body_limit()
        upload = limits.large_upload(self._command, self._path.split(b"?", 1)[0])
        if upload and self.length != 0 and (self.length is None or self.length > request.limit):
            self._check_sender(request, upload)
        else:
            self._read_body(request)

    def _ambiguity(self, headers: Any) -> Refusal | None:
        """What Twisted lets pass and proxies read in different ways."""
        coding = headers.getRawHeaders(b"transfer-encoding") or []
        hosts = headers.getRawHeaders(b"host") or []
        if coding and (self._version != b"HTTP/1.1" or [it.lower() for it in coding] != [b"chunked"]):
            return limits.BAD_REQUEST
        if len(hosts) > 1 or (not hosts and self._version == b"HTTP/1.1"):
            return limits.BAD_REQUEST
        return None

    def _check_sender(self, request: Any, upload: LargeUpload) -> None:
        """Ask the database whether the sender may send that much, and read nothing meanwhile."""
        self.paused = self._is_checking = True
        self._networkProducer.pauseProducing()
        headers = request.requestHeaders
        authorization, cookies = (
            b"; ".join(headers.getRawHeaders(name) or []).decode("latin-1") for name in (b"authorization", b"cookie")
        )

        async def check() -> None:
            current_client.set(request.client_key)
            problem = None
            try:
                if await in_pool(may_upload, upload, authorization, cookies):
                    request.limit, request.budget = upload.limit() + limits.FORM_BYTES, limits.large_bodies
            except Exception as error:
                log.error("who sends a large body can't be looked up: %s", type(error).__name__)
                problem = limits.TOO_MANY_BODIES
            self.paused = self._is_checking = False
            self._networkProducer.resumeProducing()
            if problem:
                self.refuse(problem)
            else:
                self._read_body(request)
            self._read(b"")  # what came meanwhile

        self._sender_check = asyncio.ensure_future(check())  # kept, or it would be collected

    def _read_body(self, request: Any) -> None:
        if self.length is not None and self.length > request.limit:
            self.refuse(limits.TOO_LARGE)
        else:
            super().allHeadersReceived()

    def allContentReceived(self) -> None:
        if self.refused:
            return
        self._end_idling()
        super().allContentReceived()

    # After the answer

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        # Twisted looks at the first header only, and for words between spaces.
        is_kept = super().checkPersistence(request, version)
        connection = b",".join(request.requestHeaders.getRawHeaders(b"connection") or [])
        if is_kept and b"close" in {word.strip().lower() for word in connection.split(b",")}:
            request.responseHeaders.setRawHeaders(b"connection", [b"close"])
            return False
        return bool(is_kept)

    def requestDone(self, request: Any) -> None:
        if self.persistent:
            self._is_idle = limits.is_behind_a_proxy() or limits.idle_connections.take(self.peer)
            self.persistent = self._is_idle  # else there are too many of them already
        super().requestDone(request)
        if self.persistent and not self._handlingRequest:
            self.setTimeout(limits.NEXT_WITHIN)

    def _end_idling(self) -> None:
        if self._is_idle:
            self._is_idle = False
            limits.idle_connections.give_back(self.peer)

    # Refusals

    def refuse(self, refusal: Refusal) -> None:
        """Answer what is still coming, and end the connection. It goes on reading for a moment: else the client's
        own system throws the answer away."""
        if self.refused:
            return
        self.refused, self.persistent = True, False
        self.clearLineBuffer()
        for request in self.requests:
            request.release_body()
        body = json.dumps({"message": refusal.message, "extra": {"code": refusal.code}}).encode()
        head = [
            f"HTTP/1.1 {refusal.status} {RESPONSES.get(refusal.status, b'').decode()}",
            "Server: frontdesk",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *([f"Retry-After: {refusal.retry_after}"] if refusal.retry_after else []),
        ]
        is_head = getattr(self, "_command", b"") == b"HEAD"
        self.transport.write("\r\n".join(head).encode() + b"\r\n\r\n" + (b"" if is_head else body))
        if refusal is limits.TOO_MANY_SOCKETS:  # nothing more can come
            self.transport.loseConnection()
            return
        self.transport.loseWriteConnection()
        self.setTimeout(limits.LEAVE_WITHIN)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(limits.BAD_REQUEST)
