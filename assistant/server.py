"""Daphne, set up for this house."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from daphne.server import Server

from assistant.asgi import application

MAX_FRAME = 131_072  # bytes
BACKLOG = 1024  # callers at the same moment; Twisted's 50 turned the others away


class PromptServer(Server):
    """Sends small frames at once: held back for the last one's acknowledgement, an answer would wait 40 ms."""

    def listen_success(self, port: Any) -> None:
        port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is accepted on it inherits it
        super().listen_success(port)


def server(host: str, port: int, ready: Callable[[], None]) -> PromptServer:
    """`ready` is called once it listens."""
    interface = host.replace(":", r"\:")
    return PromptServer(
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
