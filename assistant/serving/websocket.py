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
from assistant.serving.round_robin import Inlet

FRAMES = Rate(100, 10)  # pings and fragments included; a widget sends a few in a minute
PINGS = Rate(20, 20)  # of the protocol's own, which browsers do not send
READ_AT_ONCE = 4096  # bytes: thousands of tiny frames in one go would keep everybody else waiting
PAUSE_AT, RESUME_AT, MOST = 16, 4, 128  # frames that wait for the application
MOST_UNSENT = 4_000_000  # bytes that the client has not read
DENIALS = {4404: (404, "Not found"), 4429: (429, "Too many connections")}


class Socket(WebSocketProtocol):
    leave: Callable[[], None] | None = None
    client_key = ""

    def connectionMade(self) -> None:
        self._pace, self._pings = TokenBucket(FRAMES), TokenBucket(PINGS)
        self.transport.bufferSize = READ_AT_ONCE
        peer = str(getattr(self.transport.getPeer(), "host", ""))
        self._pauses = 0
        self.inlet = Inlet(peer, super().dataReceived, self._rest, self._go_on)
        super().connectionMade()

    def connectionLost(self, *args: Any) -> None:
        self.inlet.is_closed = True
        if self.leave:
            self.leave()
        super().connectionLost(*args)

    def inbox(self) -> asyncio.Queue[dict[str, Any]]:
        return FrameQueue(self._rest, self._go_on)

    # --- what comes

    def dataReceived(self, data: bytes) -> None:
        self.inlet.put(data)

    def processData(self) -> bool | None:
        if self.muted:
            self.data = b""
            return False
        return super().processData()

    def onFrameBegin(self) -> Any:
        is_control = self.current_frame.opcode > 7
        limited = settings.RATE_LIMIT_FRAMES != "off"
        if limited and not self.muted and (self._pace.wait() or (is_control and self._pings.wait())):
            self.show_out()
        return super().onFrameBegin()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state == self.STATE_OPEN:
            super().onMessage(payload, isBinary)
        if not self.muted and self.application_queue.qsize() > MOST:
            self.show_out()

    def show_out(self) -> None:
        """Policy violation: nothing more is read, answered or kept of this client."""
        limits.shown_out(self.client_key)
        self.sendCloseFrame(code=1008)
        self.muted = True
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1008})
        self.transport.loseConnection()

    def _rest(self) -> None:
        """For its frames that wait, or for its turn, or both."""
        self._pauses += 1
        self.transport.pauseProducing()

    def _go_on(self) -> None:
        self._pauses -= 1
        if not self._pauses and self.transport is not None and self.state != self.STATE_CLOSED:
            self.transport.resumeProducing()

    # --- what goes

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
        if len(self.transport.dataBuffer) + self.transport._tempDataLen > MOST_UNSENT:
            self.transport.abortConnection()

    def serverClose(self, code: int | None = None) -> None:
        """Autobahn's own takes no code of the protocol, such as 1008."""
        if code == 1008:
            limits.shown_out(self.client_key)
        self.sendCloseFrame(code=1000 if code is None else code)


class SocketFactory(WebSocketFactory):
    protocol = Socket


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
