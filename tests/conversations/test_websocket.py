"""The widget's websocket, spoken by hand to a running installation."""

import asyncio
import json
import uuid
from contextlib import suppress

import aiohttp
import pytest

from tests.running import Running
from tests.settings import MODE

pytestmark = pytest.mark.processes


FLOODS = {
    "hello": {},
    "typing": {},
    "fetch": {"after_seq": 0},
    "feedback": {"seq": 2, "value": "up"},
    "handoff": {},
    "ping": {},
}


class Tab:
    """One open socket. `see(type)` waits for the next frame of that type and forgets those before it."""

    def __init__(self, live, origin=None, address="127.0.0.1"):
        self.live, self.origin, self.address = live, origin or live.url, address

    async def __aenter__(self):
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(self.address, 0)))
        self.socket = await self.http.ws_connect(f"{self.live.url}/ws/chat/", headers={"Origin": self.origin})
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        await self.http.close()

    async def say(self, type, **fields):
        await self.socket.send_str(json.dumps({"type": type, **fields}))

    async def see(self, *types):
        while True:
            frame = json.loads(await self.socket.receive_str(timeout=20))
            if frame["type"] in types:
                return frame

    async def hello(self, visitor=None, last_seq=0):
        await self.say("hello", visitor=visitor, last_seq=last_seq, site="https://example.com/", locale="en")
        return await self.see("welcome", "error")

    async def ask(self, text, id=None):
        """A message, and the bot's answer to it."""
        await self.say("message", id=id or uuid.uuid4().hex, text=text)
        while (frame := await self.see("message"))["role"] != "bot":
            pass
        return frame


async def test_it_answers(live):
    async with Tab(live) as tab:
        welcome = await tab.hello()
        await tab.say("message", id="m1", text="ahoy")
        accepted = await tab.see("accepted")
        answer = await tab.see("message")
        while answer["role"] != "bot":
            answer = await tab.see("message")

    assert (welcome["state"], welcome["newest_seq"], welcome["messages"]) == ("bot", 0, [])
    assert (accepted["id"], accepted["seq"]) == ("m1", 1)
    assert (answer["seq"], answer["text"], answer["newest_seq"]) == (2, "You said: ahoy", 2)


async def test_it_welcomes_a_visitor_back_with_what_was_missed(live):
    async with Tab(live) as tab:
        visitor = (await tab.hello())["visitor"]
        await tab.ask("one")
        await tab.ask("two")
    async with Tab(live) as tab:
        welcome = await tab.hello(visitor, last_seq=2)

    assert [message["text"] for message in welcome["messages"]] == ["two", "You said: two"]
    assert welcome["newest_seq"] == 4


async def test_it_takes_a_resent_message_once(live):
    async with Tab(live) as tab:
        await tab.hello()
        await tab.ask("ahoy", id="same")
        await tab.say("message", id="same", text="ahoy")
        again = await tab.see("accepted")
        await tab.say("fetch", after_seq=0)
        messages = await tab.see("messages")

    assert again["seq"] == 1
    assert [message["text"] for message in messages["messages"]] == ["ahoy", "You said: ahoy"]


async def test_it_keeps_tabs_in_step(live):
    async with Tab(live) as one, Tab(live) as two:
        visitor = (await one.hello())["visitor"]
        await two.hello(visitor)
        await one.say("message", id="m1", text="ahoy")
        seen = [await two.see("message"), await two.see("message")]

    assert [(m["seq"], m["role"], m["text"]) for m in seen] == [(1, "user", "ahoy"), (2, "bot", "You said: ahoy")]
    assert seen[0]["id"] == "m1"


async def test_it_tells_the_newest_seq_with_every_pong(live):
    async with Tab(live) as tab:
        await tab.hello()
        await tab.ask("ahoy")
        await tab.say("ping")
        assert (await tab.see("pong"))["newest_seq"] == 2


async def test_it_stops_typing_where_the_bot_keeps_quiet(live):
    async with Tab(live) as tab:
        await tab.hello()
        await tab.say("message", id="m1", text="/silent")
        typing = [await tab.see("typing"), await tab.see("typing")]

    assert [frame["on"] for frame in typing] == [True, False]


async def test_it_stores_thumbs(live):
    async with Tab(live) as tab:
        await tab.hello()
        answer = await tab.ask("ahoy")
        await tab.say("feedback", seq=answer["seq"], value="down", reason="wrong")
        await tab.say("fetch", after_seq=1)
        [message] = (await tab.see("messages"))["messages"]

    assert message["feedback"] == "down"


async def test_it_notes_that_a_person_is_wanted(live):
    async with Tab(live) as tab:
        await tab.hello()
        await tab.say("handoff")
        assert (await tab.see("state"))["state"] == "waiting"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("not json", "bad_json"),
        ("[1]", "unknown_type"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "message", "id": "a", "text": ""}', "empty"),
        ('{"type": "message", "id": "a", "text": "  "}', "empty"),
        (json.dumps({"type": "message", "id": "a", "text": "x" * 4001}), "too_long"),
        ('{"type": "message", "id": "a", "text": 7}', "bad_frame"),
        ('{"type": "message", "text": "hi"}', "bad_frame"),
        ('{"type": "message", "id": "a", "text": "\\u0000"}', "not_text"),
        ('{"type": "message", "id": "a", "text": "\\ud800"}', "not_text"),
        ('{"type": "fetch", "after_seq": -1}', "bad_frame"),
        ('{"type": "fetch", "after_seq": "x"}', "bad_frame"),
        ('{"type": "feedback", "seq": 99, "value": "up"}', "bad_feedback"),
        ('{"type": "hello", "visitor": "forged"}', "bad_token"),
        ("[" * 60_000, "bad_json"),
        *[(json.dumps({"type": "hello", "visitor": value}), "bad_frame") for value in ({}, False, 0, [], 1.5)],
        ('{"type": "hello", "visitor": "%s"}' % ("x" * 301), "bad_frame"),
        ('{"type": "hello", "locale": {"a": 1}}', "bad_frame"),
        ('{"type": "hello", "site": "\\u0000"}', "not_text"),
        ('{"type": "hello", "last_seq": 1e400}', "bad_json"),
        ('{"type": "hello", "identity": NaN}', "bad_json"),
        ('{"type": "fetch", "after_seq": Infinity}', "bad_json"),
        ('{"type": "fetch", "after_seq": 2147483648}', "bad_frame"),
        ('{"type": "fetch", "after_seq": %s}' % ("9" * 5000), "bad_json"),
        ('{"type": "fetch", "after_seq": true}', "bad_frame"),
        ('{"type": {}}', "unknown_type"),
        ('{"type": "message", "id": "%s", "text": "hi"}' % ("x" * 101), "bad_frame"),
        ('{"type": "message", "id": "\\ud800", "text": "hi"}', "not_text"),
        ('{"type": "message", "id": "a", "text": "hi", "payload": ["/deny"]}', "bad_frame"),
        ('{"type": "feedback", "seq": 1, "value": "up", "reason": 7}', "bad_frame"),
        (json.dumps({"type": "ping", "more": "x" * 70_000}), "too_long"),
    ],
    ids=range(35),
)
async def test_it_says_what_is_wrong_with_a_frame_and_goes_on(live, raw, code):
    async with Tab(live) as tab:
        await tab.hello()
        await tab.socket.send_str(raw)
        assert (await tab.see("error"))["code"] == code
        assert (await tab.ask("still there?"))["text"] == "You said: still there?"


async def test_it_takes_bytes_that_are_no_text_for_what_they_are(live):
    async with Tab(live) as tab:
        await tab.socket.send_bytes(b"\xff\xfe")
        assert (await tab.see("error"))["code"] == "bad_json"


async def test_it_wants_a_hello_first(live):
    async with Tab(live) as tab:
        await tab.say("message", id="a", text="hi")
        error = await tab.see("error")
    assert (error["code"], error["id"]) == ("not_hello", "a")


async def test_it_opens_no_socket_for_a_stranger_site(live):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with Tab(live, origin="https://evil.example"):
            pass


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    running = Running(
        tmp_path_factory.mktemp("limited"),
        MODE,
        workers=1,
        extra={"RATE_LIMIT_VISITOR": "5/m", "RATE_LIMIT_PUBLIC": "10/m"},
    )
    running.start().post_until_answered("first", "hello")
    yield running
    running.stop()


async def test_it_leaves_others_alone_when_one_visitor_floods(limited):
    async with Tab(limited) as flooder, Tab(limited, address="127.0.0.76") as other:
        await flooder.hello()
        await other.hello()
        for number in range(12):
            await flooder.say("message", id=f"m{number}", text="flood")
        refused = [await flooder.see("accepted", "error") for _ in range(12)]
        answer = await asyncio.wait_for(other.ask("ahoy"), 10)

    assert [frame.get("code") for frame in refused] == [None] * 5 + ["rate_limited"] * 7
    assert refused[-1]["retry_after"] > 0
    assert answer["text"] == "You said: ahoy"


async def test_it_limits_every_type_of_frame_and_closes_on_who_goes_on(limited):
    async with Tab(limited, address="127.0.0.77") as tab:
        visitor = (await tab.hello())["visitor"]
        await tab.ask("ahoy")
    for type, fields in FLOODS.items():
        async with Tab(limited, address="127.0.0.77") as flooder:
            await flooder.hello(visitor)
            seen = []
            with suppress(ConnectionResetError):
                for _ in range(95):
                    await flooder.say(type, **fields, **({"visitor": visitor} if type == "hello" else {}))
            while (heard := await flooder.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
                seen.append(json.loads(heard.data))
        refused = [frame for frame in seen if frame.get("code") == "rate_limited"]
        assert (heard.type, heard.data) == (aiohttp.WSMsgType.CLOSE, 1008), type
        assert len(refused) == 30, type
        assert all(frame["of"] == type and frame["retry_after"] > 0 for frame in refused)


async def test_it_makes_no_more_visitors_than_an_address_may_have(limited):
    count = "SELECT COUNT(*) FROM conversations_conversation WHERE channel = 'widget'"
    [(before,)] = limited.read(count)
    async with Tab(limited, address="127.0.0.78") as one, Tab(limited, address="127.0.0.78") as two:
        frames = [await one.hello(visitor) for visitor in [{}, False, 0, [], *[None, ""] * 3]]
        frames += [await two.hello(visitor) for visitor in [None, ""] * 3]
    assert [frame.get("code") for frame in frames] == ["bad_frame"] * 4 + [None] * 10 + ["rate_limited"] * 2
    assert limited.read(count) == [(before + 10,)]


async def test_it_closes_on_who_never_says_hello(live):
    async with Tab(live) as tab:
        for _ in range(3):
            await tab.say("ping")
            await tab.see("pong")
        heard = await tab.socket.receive(timeout=20)
    assert (heard.type, heard.data) == (aiohttp.WSMsgType.CLOSE, 1008)


DELETE = """
from conversations.models import Conversation
from conversations.services import delete_conversations
delete_conversations(ids=[Conversation.objects.get(public_id='{}').pk], by=None)
"""


async def test_it_begins_anew_where_staff_deleted_the_conversation(live):
    async with Tab(live) as one, Tab(live) as two:
        before = await one.hello()
        await two.hello(before["visitor"])
        await asyncio.to_thread(live.manage, "shell", "--verbosity", "0", "-c", DELETE.format(before["conversation"]))
        await one.say("message", id="m1", text="still there?")
        after = await one.see("welcome")
        await two.say("ping")
        there = await two.see("welcome")
        answer = await two.ask("and now?")

    assert after["conversation"] == there["conversation"] != before["conversation"]
    assert answer["text"] in ("You said: still there?", "You said: and now?")
