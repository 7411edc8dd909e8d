"""Daphne's server with our channels, requests and websockets."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from daphne.server import Server, reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import ServerFactory
from twisted.logger import ILogObserver, globalLogBeginner
from zope.interface import provider

from assistant.asgi import application
from assistant.serving import limits
from assistant.serving.channel import Channel
from assistant.serving.request import Request
from assistant.serving.websocket import WebsocketFactory

MAX_FRAME = 131_072  # bytes
BACKLOG = 1024  # callers at the same moment; Twisted's 50 turned the others away
ACCEPTS = 4  # callers taken in at once, before those who are in get their turn
OPEN_FILES = 65_536  # open at once, connections among them, where the system allows it


class ChannelFactory(ServerFactory):
    """Makes a channel of each connection, as long as its peer has not too many that only wait."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def buildProtocol(self, addr: Any) -> Channel | None:
        if not limits.is_behind_a_proxy() and not limits.may_connect(str(getattr(addr, "host", ""))):
            return None
        channel = Channel()
        channel.factory, channel.requestFactory = self, Request
        channel.timeOut = int(limits.HEADERS_WITHIN)
        return channel

    def log(self, request: Request) -> None:
        """Twisted's access log: there is none, addresses may hold tokens."""


class FrontdeskServer(Server):
    """Sends small frames at once: held back for the last one's acknowledgement, an answer would wait 40 ms."""

    def run(self) -> None:
        # As Daphne's own, with our channels, requests and websockets.
        self.connections: dict[Any, dict[str, Any]] = {}
        self.ws_factory = WebsocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        globalLogBeginner.beginLoggingTo([_ignore_log], redirectStandardIO=False, discardBuffer=True)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        for description in self.endpoints:
            listener = serverFromString(reactor, description).listen(ChannelFactory(self))
            listener.addCallbacks(self.listen_success, self.listen_error)
        asyncio.set_event_loop(reactor._asyncioEventloop)
        if self.ready_callable:
            self.ready_callable()
        reactor.run(installSignalHandlers=self.signal_handlers)

    def listen_success(self, port: Any) -> None:
        port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is accepted on it inherits it
        port.numberAccepts = ACCEPTS
        super().listen_success(port)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> asyncio.Queue[dict[str, Any]]:
        # As Daphne's own, with a queue that is bounded.
        queue = protocol.receive_queue()
        scope.setdefault("asgi", {"version": "3.0"})
        instance = self.application(scope, queue.get, partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(instance)
        return queue

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        # An application goes on when the client has read what it was sent.
        await super().handle_reply(protocol, message)
        channel = getattr(protocol, "channel", None)
        if isinstance(channel, Channel):
            await channel.drained()


def make_server(host: str, port: int, ready: Callable[[], None]) -> FrontdeskServer:
    """`ready` is called once it listens."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    interface = host.replace(":", r"\:")
    return FrontdeskServer(
        application=application,
        endpoints=[f"tcp:port={port}:interface={interface}:backlog={BACKLOG}"],
        signal_handlers=False,
        ready_callable=ready,
        root_path="",
        server_name="frontdesk",
        websocket_handshake_timeout=10,
        websocket_max_message_size=MAX_FRAME,
        websocket_max_frame_size=MAX_FRAME,
        ping_interval=20,
        ping_timeout=30,
        proxy_forwarded_address_header=None,
    )


@provider(ILogObserver)
def _ignore_log(event: Any) -> None:
    """Twisted's own log, which has a line for each connection."""
