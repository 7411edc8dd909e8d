"""Visitors over raw sockets, so that the load generator takes little of the machine it measures."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import uuid
from typing import Any, Protocol

PATIENCE = 30.0  # seconds for one reply


class Failed(Exception):
    """The message was not answered with at least one reply."""


class Visitor(Protocol):
    async def open(self) -> None: ...

    async def say(self, text: str) -> None:
        """Returns when the whole answer is here. Raises Failed."""

    async def close(self) -> None: ...


class RestVisitor:
    """Rasa's REST channel on one connection that stays open."""

    def __init__(self, port: int) -> None:
        self._port, self._sender = port, uuid.uuid4().hex

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def say(self, text: str) -> None:
        body = json.dumps({"sender": self._sender, "message": text}).encode()
        head = (
            f"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        status, answer = await asyncio.wait_for(self._read(), PATIENCE)
        if status != 200 or not json.loads(answer):
            raise Failed(f"HTTP {status}" if status != 200 else "no reply")

    async def close(self) -> None:
        self._writer.close()

    async def _read(self) -> tuple[int, bytes]:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split(" ")[1])
        if "chunked" in headers.get("transfer-encoding", ""):
            return status, await self._read_chunks()
        return status, await self._reader.readexactly(int(headers["content-length"]))

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return body


class SocketVisitor:
    """The widget's websocket (RFC 6455; client frames carry the mask 0, which changes nothing)."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            f"GET /ws/chat/ HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nOrigin: http://127.0.0.1:{self._port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        answer = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE)
        if b" 101 " not in answer:
            raise Failed(answer.split(b"\r\n")[0].decode())
        self._send({"type": "hello", "visitor": None, "last_seq": 0})
        while (await asyncio.wait_for(self._frame(), PATIENCE))["type"] != "welcome":
            pass

    async def say(self, text: str) -> None:
        self._send({"type": "message", "id": uuid.uuid4().hex, "text": text})
        await asyncio.wait_for(self._whole_answer(), PATIENCE)

    async def close(self) -> None:
        self._writer.close()

    async def _whole_answer(self) -> None:
        """The bot's last message of a turn is the conversation's newest."""
        while True:
            frame = await self._frame()
            if frame["type"] == "error":
                raise Failed(frame["code"])
            if frame["type"] == "message" and frame["role"] == "bot" and frame["seq"] == frame["newest_seq"]:
                return

    def _send(self, payload: dict[str, Any]) -> None:
        self._write(0x81, json.dumps(payload).encode())

    def _write(self, kind: int, data: bytes) -> None:
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self._writer.write(bytes([kind]) + size + b"\0\0\0\0" + data)

    async def _frame(self) -> dict[str, Any]:
        while True:
            kind, size = await self._reader.readexactly(2)
            if size >= 126:
                wide = 2 if size == 126 else 8
                size = int.from_bytes(await self._reader.readexactly(wide), "big")
            data = await self._reader.readexactly(size)
            if kind & 0x0F == 0x8:
                raise Failed("closed")
            if kind & 0x0F == 0x9:
                self._write(0x8A, data)
            elif kind & 0x0F == 0x1:
                frame: dict[str, Any] = json.loads(data)
                return frame
