"""Visitors that speak without end, as the widget and a patient program do, and remember what went wrong and when."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from contextlib import suppress
from typing import Any

import aiohttp

from tests.running import Running

PATIENCE = 2.0  # seconds until a visitor asks again
AGAIN_AFTER = 0.5  # seconds, where it was refused


class Talkers:
    """`rest` programs and `tabs` of browsers, each with one message under way. Each number is said once."""

    def __init__(self, installation: Running, rest: int, tabs: int) -> None:
        self.installation, self.name = installation, uuid.uuid4().hex[:8]
        self.answered: dict[str, list[tuple[float, float]]] = {}  # by sender: when it was said, and when answered
        self.refused: list[tuple[float, int]] = []  # when, and with which status
        self.accepted: list[float] = []  # seconds until a page heard that its message is stored
        self._ended = False
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._all = asyncio.run_coroutine_threadsafe(self._talk(rest, tabs), self._loop)

    def stop(self) -> None:
        """Everybody hears the answer to the last thing said."""
        self._ended = True
        self._all.result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def heard_since(self, moment: float) -> bool:
        """Whether everybody said something after that and was answered."""
        return all(said and said[-1][0] > moment for said in self.answered.values())

    async def _talk(self, rest: int, tabs: int) -> None:
        timeout = aiohttp.ClientTimeout(total=25)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
            programs = [self._over_rest(http, f"{self.name}-{n}") for n in range(rest)]
            browsers = [Tab(self, http).run(f"tab {self.name}-{n}") for n in range(tabs)]
            await asyncio.gather(*programs, *browsers)

    async def _over_rest(self, http: aiohttp.ClientSession, sender: str) -> None:
        told, number = self.answered.setdefault(sender, []), 0
        while not self._ended:
            began, key = time.monotonic(), uuid.uuid4().hex
            replies = None
            while replies is None:
                replies = await self._post(http, sender, f"message {number}", key)
            assert [reply["text"] for reply in replies] == [f"You said: message {number}"]
            told.append((began, time.monotonic()))
            number += 1

    async def _post(self, http: aiohttp.ClientSession, sender: str, text: str, key: str) -> Any:
        url, body = f"{self.installation.url}/webhooks/rest/webhook", {"sender": sender, "message": text}
        try:
            async with http.post(url, json=body, headers={"Idempotency-Key": key}) as response:
                if response.status == 200:
                    return await response.json()
                self.refused.append((time.monotonic(), response.status))
        except (aiohttp.ClientError, asyncio.TimeoutError):
            self.refused.append((time.monotonic(), 0))
        await asyncio.sleep(AGAIN_AFTER)
        return None

    @property
    def ended(self) -> bool:
        return self._ended


class Tab:
    """One page of the widget. It says a message again with the same id until its answer is here."""

    def __init__(self, talkers: Talkers, http: aiohttp.ClientSession) -> None:
        self.talkers, self.http, self.visitor, self.seq = talkers, http, None, 0
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.said: dict[str, float] = {}  # when, by id

    async def run(self, sender: str) -> None:
        told, number = self.talkers.answered.setdefault(sender, []), 0
        while not self.talkers.ended:
            began, key = time.monotonic(), uuid.uuid4().hex
            is_answered = False
            while not is_answered:
                is_answered = await self._answered(f"message {number}", key)
            told.append((began, time.monotonic()))
            number += 1

    async def _answered(self, text: str, key: str) -> bool:
        try:
            if self.socket is None or self.socket.closed:
                await self._connect()
            self.said.setdefault(key, time.monotonic())
            await self._say("message", id=key, text=text)
            return await asyncio.wait_for(self._hears(f"You said: {text}"), PATIENCE)
        except asyncio.TimeoutError:
            with suppress(aiohttp.ClientError, ConnectionError):
                await self._say("fetch", after_seq=self.seq)
        except (aiohttp.ClientError, ConnectionError, TypeError):
            if self.socket is not None:
                await self.socket.close()  # the server counts the sockets of an address
            self.socket = None
        await asyncio.sleep(AGAIN_AFTER)
        return False

    async def _connect(self) -> None:
        url, origin = self.talkers.installation.url, self.talkers.installation.url
        self.socket = await self.http.ws_connect(f"{url}/ws/chat/", headers={"Origin": origin})
        await self._say("hello", visitor=self.visitor, last_seq=self.seq, site="", locale="en")

    async def _say(self, type: str, **fields: Any) -> None:
        assert self.socket is not None
        await self.socket.send_str(json.dumps({"type": type, **fields}))

    async def _hears(self, wanted: str) -> bool:
        assert self.socket is not None
        while True:
            frame = json.loads(await self.socket.receive_str())
            if frame["type"] == "error":
                if frame["code"] == "server":
                    self.talkers.refused.append((time.monotonic(), 500))
                if frame["code"] == "not_hello":
                    await self._say("hello", visitor=self.visitor, last_seq=self.seq, site="", locale="en")
                return False
            if frame["type"] == "accepted" and frame["id"] in self.said:
                self.talkers.accepted.append(time.monotonic() - self.said.pop(frame["id"]))
            self.visitor = frame.get("visitor", self.visitor)
            messages = [frame] if frame["type"] == "message" else frame.get("messages", [])
            self.seq = max([self.seq, *(message["seq"] for message in messages)])
            if any(message["role"] == "bot" and message["text"] == wanted for message in messages):
                return True
