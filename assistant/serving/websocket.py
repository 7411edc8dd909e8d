"""One websocket. What nobody has read yet is bounded, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from autobahn.twisted.websocket import ConnectionDeny
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from django.conf import settings

from assistant.lib.throttles import Rate, TokenBucket
from assistant.serving import limits
from assistant.serving.round_robin import ReadQueue

FRAMES = Rate(100, 10)  # pings and fragments included; a widget sends a few in a minute
PINGS = Rate(20, 20)  # of the protocol's own, which browsers do not send
READ_AT_ONCE = 4096  # bytes: thousands of tiny frames in one go would keep everybody else waiting
PAUSE_AT, RESUME_AT, MAX_WAITING = 16, 4, 128  # frames that wait for the application
MAX_UNSENT = 4_000_000  # bytes that the client has not read
DENIALS = {4404: (404, "Not found"), 4429: (429, "Too many connections")}


class Websocket(WebSocketProtocol):
    """Daphne's, which ends where too many frames come or what it sends is not read."""

    place: limits.WebsocketPlace | None = None
    client_key = ""

    def connectionMade(self) -> None:
        self._frames, self._pings = TokenBucket(FRAMES), TokenBucket(PINGS)
        self.transport.bufferSize = READ_AT_ONCE
        peer = str(getattr(self.transport.getPeer(), "host", ""))
        self._pauses = 0
        self.read_queue = ReadQueue(peer, super().dataReceived, self._pause_reading, self._resume_reading)
        super().connectionMade()

    def connectionLost(self, *args: Any) -> None:
        self.read_queue.is_closed = True
        if self.place:
            self.place.give_back()
        super().connectionLost(*args)

    def receive_queue(self) -> asyncio.Queue[dict[str, Any]]:
        """What the application receives from."""
        return FrameQueue(self._pause_reading, self._resume_reading)

    # What the client sends

    def dataReceived(self, data: bytes) -> None:
        self.read_queue.put(data)

    def processData(self) -> bool | None:
        if self.muted:
            self.data = b""
            return False
        return super().processData()

    def onFrameBegin(self) -> Any:
        is_control = self.current_frame.opcode > 7
        limited = settings.RATE_LIMIT_FRAMES != "off"
        if limited and not self.muted and (self._frames.wait() or (is_control and self._pings.wait())):
            self.end_flood()
        return super().onFrameBegin()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state == self.STATE_OPEN:
            super().onMessage(payload, isBinary)
        if not self.muted and self.application_queue.qsize() > MAX_WAITING:
            self.end_flood()

    def end_flood(self) -> None:
        """Close it for policy violation: nothing more is read, answered or kept of it."""
        limits.record_flood(self.client_key)
        self.sendCloseFrame(code=1008)
        self.muted = True
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1008})
        self.transport.loseConnection()

    def _pause_reading(self) -> None:
        """Its frames wait for the application, or its bytes for their turn, or both: reading pauses until neither."""
        self._pauses += 1
        self.transport.pauseProducing()

    def _resume_reading(self) -> None:
        self._pauses -= 1
        if not self._pauses and self.transport is not None and self.state != self.STATE_CLOSED:
            self.transport.resumeProducing()

    # What it is sent

    def handle_reply(self, message: dict[str, Any]) -> None:
        denial = DENIALS.get(message.get("code", 0)) if message.get("type") == "websocket.close" else None
        if denial and self.state == self.STATE_CONNECTING and hasattr(self, "handshake_deferred"):
            self.handshake_deferred.errback(ConnectionDeny(*denial))
            del self.handshake_deferred
            self.server.protocol_disconnected(self)
            return
        super().handle_reply(message)

    def serverSend(self, content: Any, binary: bool = False) -> None:
        super().serverSend(content, binary)
        if len(self.transport.dataBuffer) + self.transport._tempDataLen > MAX_UNSENT:
            self.transport.abortConnection()

    def serverClose(self, code: int | None = None) -> None:
        # Autobahn's own takes no code of the protocol, such as 1008.
        if code == 1008:
            limits.record_flood(self.client_key)
        self.sendCloseFrame(code=1000 if code is None else code)


class WebsocketFactory(WebSocketFactory):
    """Makes a `Websocket` of each connection that asks for one."""

    protocol = Websocket


class FrameQueue(asyncio.Queue[dict[str, Any]]):
    """Reading rests while enough frames wait."""

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        super().__init__()
        self._pause, self._resume, self._is_paused = pause, resume, False

    def put_nowait(self, message: dict[str, Any]) -> None:
        super().put_nowait(message)
        if not self._is_paused and self.qsize() >= PAUSE_AT:
            self._is_paused = True
            self._pause()

    async def get(self) -> dict[str, Any]:
        message = await super().get()
        if self._is_paused and self.qsize() <= RESUME_AT:
            self._is_paused = False
            self._resume()
        return dict(message)
