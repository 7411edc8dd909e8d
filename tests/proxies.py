"""A line between the product and a service, to cut, to hold and to mend."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

PIECE = 65_536


class Line:
    """Passes on to `port` whatever comes in at `near`. All of it runs on a thread of its own."""

    def __init__(self, port: int) -> None:
        self._far, self._held = port, set[asyncio.StreamWriter]()
        self._open = set[asyncio.StreamWriter]()
        self._holds_new, self._moves = False, asyncio.Event()
        self._server: asyncio.Server | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.near = int(probe.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.accept()

    # --- what a test does to it

    def accept(self) -> None:
        """Connections are accepted and passed on."""
        self._do(self._accept())

    def refuse(self) -> None:
        """As where the server has gone: what is open is closed, and nobody is accepted."""
        self._do(self._refuse())

    def hold(self, *, new: bool) -> None:
        """What is open is kept, and passes nothing on; with `new` the same goes for whoever comes."""
        self._do(self._hold(new))

    def let_go(self) -> None:
        """What was held goes on, as after a suspended server."""
        self._do(self._let_go())

    def close(self) -> None:
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)

    # --- how

    def _do(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)  # type: ignore[arg-type]

    async def _accept(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.near, backlog=500)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _hold(self, new: bool) -> None:
        self._held, self._holds_new = set(self._open), new

    async def _let_go(self) -> None:
        self._held, self._holds_new = set(), False
        self._moves.set()
        self._moves = asyncio.Event()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._open |= pair
        if self._holds_new:
            self._held |= pair
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
        self._open -= pair

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                while writer in self._held:
                    await self._moves.wait()
                writer.write(piece)
                await writer.drain()
        if writer not in self._held:
            writer.close()
