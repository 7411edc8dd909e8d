"""One address that wants everything for itself: `python -m tests.attacker KIND ADDRESS PORT SECONDS`.

A process of its own, and a nice one: a real attacker brings a machine of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

BROKEN = (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
seen: Counter[str] = Counter()


def websocket_request(port: int, path: str = "/ws/chat/") -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Origin: http://127.0.0.1:{port}",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(payload: dict[str, object] | bytes, opcode: int = 1) -> bytes:
    """Masked with zeros, which changes nothing and is allowed."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + data


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(sys.argv[2], 0))


async def upgraded(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await connected(port)
    writer.write(websocket_request(port))
    head = await reader.readuntil(b"\r\n\r\n")
    seen[head.split()[1].decode()] += 1
    if b" 101 " not in head:
        writer.close()
        raise ConnectionError
    return reader, writer


async def flood(port: int, first: bytes, again: bytes) -> None:
    """The same frame as fast as it is taken, and whatever comes back thrown away."""
    reader, writer = await upgraded(port)
    drain = asyncio.ensure_future(swallow(reader))
    try:
        writer.write(first)
        while not drain.done():
            writer.write(again * 50)
            await writer.drain()
            await asyncio.sleep(0)
    finally:
        drain.cancel()
        writer.close()


async def swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


HELLO = frame({"type": "hello", "visitor": None})


async def fetch(port: int) -> None:
    await flood(port, HELLO, frame({"type": "fetch", "after_seq": 0}))


async def hello(port: int) -> None:
    await flood(port, HELLO, frame({"type": "hello", "visitor": {}}))


async def pings(port: int) -> None:
    await flood(port, HELLO, frame(b"", opcode=9))


async def silent(port: int) -> None:
    reader, writer = await upgraded(port)
    try:
        await swallow(reader)
    finally:
        writer.close()


async def drip(port: int, head: bytes) -> None:
    reader, writer = await connected(port)
    seen["opened"] += 1
    closed = asyncio.ensure_future(reader.read(1))
    try:
        writer.write(head)
        while not closed.done():
            writer.write(b"x")
            await asyncio.sleep(0.2)
    finally:
        closed.cancel()
        writer.close()


async def slow_headers(port: int) -> None:
    await drip(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")


async def slow_bodies(port: int) -> None:
    await drip(port, b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n")


async def big_bodies(port: int) -> None:
    reader, writer = await connected(port)
    closed = asyncio.ensure_future(swallow(reader))
    try:
        writer.write(b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1200000000\r\n\r\n")
        while not closed.done():
            writer.write(b"x" * (1 << 16))
            await writer.drain()
            seen["MB"] += 1 / 16
    finally:
        closed.cancel()
        writer.close()


async def pages(port: int) -> None:
    reader, writer = await connected(port)
    try:
        while True:
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
            await writer.drain()
            if not await reader.read(1 << 16):
                return
            seen["pages"] += 1
    finally:
        writer.close()


KINDS: dict[str, tuple[Callable[[int], Awaitable[None]], int]] = {
    "fetch": (fetch, 20),
    "hello": (hello, 20),
    "pings": (pings, 20),
    "silent": (silent, 3000),
    "slow_headers": (slow_headers, 1000),
    "slow_bodies": (slow_bodies, 1000),
    "big_bodies": (big_bodies, 10),
    "pages": (pages, 20),
}


async def again_and_again(act: Callable[[int], Awaitable[None]], port: int, end: float) -> None:
    while time.monotonic() < end:
        with suppress(*BROKEN):
            await act(port)
        await asyncio.sleep(0.05)


async def attack(kind: str, port: int, seconds: float) -> None:
    act, count = KINDS[kind]
    end = time.monotonic() + seconds
    tasks = []
    for number in range(count):
        tasks.append(asyncio.ensure_future(again_and_again(act, port, end)))
        if number % 50 == 49:
            await asyncio.sleep(0.01)
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    os.nice(10)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    socket.setdefaulttimeout(None)
    asyncio.run(attack(sys.argv[1], int(sys.argv[3]), float(sys.argv[4])))
    print(json.dumps({key: round(value) for key, value in seen.items()}))
