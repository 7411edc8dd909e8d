"""The review desk's websocket, spoken by hand to a running installation."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp
import pytest

from conversations.consumers.review import CHECK_EVERY
from tests.conversations.test_websocket import Tab
from tests.running import Running

pytestmark = pytest.mark.processes
Frame = dict[str, Any]
VERA = """
from django.contrib.auth.models import Group, User
vera = User.objects.create_user("vera", "", "desk-of-ana", is_staff=True)
vera.groups.set(Group.objects.filter(name="viewer"))
"""
LEAVERS = """
from django.contrib.auth.models import Group, User
for name in ("wim", "wilma", "wanda"):
    user = User.objects.create_user(name, "", "desk-of-ana", is_staff=True)
    user.groups.set(Group.objects.filter(name="viewer"))
"""
LEAVE = """
from django.contrib.auth.models import User
User.objects.filter(username="wim").update(is_active=False)
wilma = User.objects.get(username="wilma")
wilma.set_password("another-one")
wilma.save()
"""
NO_ROLE = """
from django.contrib.auth.models import User
User.objects.get(username="vera").groups.clear()
"""


class Reader:
    """One member of the staff who reads one conversation. `see(type)` waits for the next frame of that type."""

    def __init__(self, live: Running, public_id: str, name: str = "admin", origin: str = "") -> None:
        self.live, self.public_id, self.name, self.origin = live, public_id, name, origin or live.url

    async def __aenter__(self) -> Reader:
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        if self.name:
            await self._log_in()
        address = f"{self.live.url}/ws/desk/{self.public_id}/"
        try:
            self.socket = await self.http.ws_connect(address, headers={"Origin": self.origin})
        except aiohttp.WSServerHandshakeError:
            await self.http.close()
            raise
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.socket.close()
        await self.http.close()

    async def _log_in(self) -> None:
        address = f"{self.live.url}/admin/login/"
        await (await self.http.get(address)).text()
        fields = {"username": self.name, "password": "desk-of-ana", "csrfmiddlewaretoken": await self._token()}
        answer = await self.http.post(f"{address}?next=/health/live", data=fields, headers={"Referer": address})
        assert answer.status == 200

    async def _token(self) -> str:
        return next(cookie.value for cookie in self.http.cookie_jar if cookie.key == "csrftoken")

    async def say(self, type: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": type, **fields}))

    async def any(self) -> Frame:
        return dict(json.loads(await self.socket.receive_str(timeout=20)))

    async def see(self, type: str, fits: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        while True:
            frame = await self.any()
            if frame["type"] == type and fits(frame):
                return frame

    async def sees(self, *people: tuple[str, int]) -> None:
        """Wait until exactly these are here, each at that message."""
        await self.see("presence", lambda frame: {(it["name"], it["at"]) for it in frame["people"]} == set(people))

    async def annotate(self, pk: int, seq: int) -> int:
        act = f"{self.live.url}/admin/conversations/conversation/{pk}/messages/{seq}/flag/"
        fields = {"flagged": "yes", "revision": 0, "csrfmiddlewaretoken": await self._token()}
        return (await self.http.post(act, data=fields, headers={"Accept": "application/json"})).status


@pytest.fixture
def talk(live: Running) -> tuple[str, str, int]:
    """Sender, public id and key of a conversation of one question and its answer."""
    sender = uuid.uuid4().hex
    live.post_until_answered(sender, "hello")
    [(public_id, pk)] = live.read(
        f"SELECT public_id, id FROM conversations_conversation WHERE external_id = '{sender}'"
    )
    return sender, str(uuid.UUID(str(public_id))), pk


def _public_id(live: Running, words: str) -> str:
    """Of the conversation in which that was said."""
    [(public_id,)] = live.read(
        "SELECT public_id FROM conversations_conversation c JOIN conversations_message m ON m.conversation_id = c.id"
        f" WHERE m.text = '{words}'"
    )
    return str(uuid.UUID(str(public_id)))


async def test_it_tells_of_what_is_said_and_answered(live: Running, talk: tuple[str, str, int]) -> None:
    async with Reader(live, talk[1]) as reader:
        await reader.see("presence")
        live.post_until_answered(talk[0], "anybody there?")
        told = [await reader.any() for _ in range(2)]  # by two processes, in either order
    assert {"type": "message", "seqs": [3]} in told
    assert {"type": "answered", "turn": 2, "seqs": [4]} in told


async def test_it_tells_what_a_colleague_changed(live: Running, talk: tuple[str, str, int], ben: str) -> None:
    async with Reader(live, talk[1]) as ana, Reader(live, talk[1], ben) as other:
        await ana.sees(("Ben", 0))
        assert await other.annotate(talk[2], 1) == 200
        assert await ana.see("changed") == {"type": "changed", "seq": 1}


async def test_it_tells_of_a_visitors_thumbs_where_they_are_new(live: Running) -> None:
    async with Tab(live) as tab:
        await tab.hello()
        words = f"ahoy {uuid.uuid4().hex}"
        answer = await tab.ask(words)
        async with Reader(live, _public_id(live, words)) as reader:
            await reader.see("presence")
            for reason in ("wrong", "wrong", "too long"):
                await tab.say("feedback", seq=answer["seq"], value="down", reason=reason)
            await tab.ask("still there?")
            told = [await reader.any() for _ in range(4)]
    assert [frame for frame in told if frame["type"] == "changed"] == [{"type": "changed", "seq": answer["seq"]}] * 2
    assert {frame["type"] for frame in told} == {"changed", "message", "answered"}


async def test_it_shows_who_is_here_and_where(live: Running, talk: tuple[str, str, int], ben: str) -> None:
    async with Reader(live, talk[1]) as ana:
        async with Reader(live, talk[1], ben) as other, Reader(live, talk[1], ben) as again:
            await other.sees(("admin", 0))
            await ana.sees(("Ben", 0))
            await again.say("at", seq=2)
            await ana.sees(("Ben", 2))
        await ana.sees()


async def test_it_answers_pings_and_overhears_nonsense(live: Running, talk: tuple[str, str, int]) -> None:
    async with Reader(live, talk[1]) as reader:
        for nonsense in ("no json", "[1]", '{"type": "dance"}', '{"type": "at", "seq": "x"}', "[" * 60_000):
            await reader.socket.send_str(nonsense)
        await reader.say("ping")
        assert (await reader.see("pong"))["newest_seq"] == 2


async def test_it_tells_with_a_pong_what_a_lost_hint_would_have(
    live: Running, talk: tuple[str, str, int], ben: str
) -> None:
    async with Reader(live, talk[1]) as ana, Reader(live, talk[1], ben) as other:
        stamps = []
        for act in (None, other.annotate):
            assert act is None or await act(talk[2], 1) == 200
            await ana.say("ping")
            stamps.append((await ana.see("pong"))["stamp"])
    assert stamps[0] != stamps[1]


async def test_it_shows_out_whose_role_was_taken(live: Running, talk: tuple[str, str, int]) -> None:
    live.manage("shell", "-v", "0", "-c", VERA)
    async with Reader(live, talk[1], "vera") as reader:
        await reader.see("presence")
        live.manage("shell", "-v", "0", "-c", NO_ROLE)
        await reader.say("ping")
        while (said := await reader.socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
            assert json.loads(said.data)["type"] != "pong"
        assert said.type is aiohttp.WSMsgType.CLOSE


async def test_it_tells_nothing_to_who_is_not_there_any_more(live: Running, talk: tuple[str, str, int]) -> None:
    """Deactivated, with a new password, logged out: none of their pages says a word, and none hears one."""
    live.manage("shell", "-v", "0", "-c", LEAVERS)
    async with (
        Reader(live, talk[1], "wim") as wim,
        Reader(live, talk[1], "wilma") as wilma,
        Reader(live, talk[1], "wanda") as wanda,
    ):
        live.manage("shell", "-v", "0", "-c", LEAVE)
        fields = {"csrfmiddlewaretoken": await wanda._token()}
        left = await wanda.http.post(f"{live.url}/admin/logout/", data=fields, headers={"Referer": live.url})
        assert left.status == 200
        await asyncio.sleep(CHECK_EVERY)
        live.post_until_answered(talk[0], "who is still here?")
        for reader in (wim, wilma, wanda):
            while (said := await reader.socket.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
                assert json.loads(said.data)["type"] == "presence"
            assert said.type is aiohttp.WSMsgType.CLOSE


@pytest.mark.parametrize(
    ("name", "origin", "public_id"),
    [
        ("", "", ""),
        ("admin", "https://evil.example", ""),
        ("admin", "", "6f1c1ad2-0000-4000-8000-000000000000"),
    ],
    ids=["nobody", "another site", "no such conversation"],
)
async def test_it_is_closed_to_strangers(
    live: Running, talk: tuple[str, str, int], name: str, origin: str, public_id: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with Reader(live, public_id or talk[1], name, origin):
            pass
    assert refused.value.status == 403
