"""The widget's websocket, spoken by hand to a running installation."""

import asyncio
import json
import uuid

import aiohttp
import pytest

pytestmark = pytest.mark.processes


class Tab:
    """One open socket. `see(type)` waits for the next frame of that type and forgets those before it."""

    def __init__(self, live, origin=None):
        self.live, self.origin = live, origin or live.url

    async def __aenter__(self):
        self.http = aiohttp.ClientSession()
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
    ],
    ids=range(15),
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


async def test_it_leaves_others_alone_when_one_visitor_floods(installation_with):
    installation = installation_with(RATE_LIMIT_VISITOR="5/m")
    async with Tab(installation) as flooder, Tab(installation) as other:
        await flooder.hello()
        await other.hello()
        for number in range(12):
            await flooder.say("message", id=f"m{number}", text="flood")
        refused = [await flooder.see("accepted", "error") for _ in range(12)]
        answer = await asyncio.wait_for(other.ask("ahoy"), 10)

    assert [frame.get("code") for frame in refused] == [None] * 5 + ["rate_limited"] * 7
    assert refused[-1]["retry_after"] > 0
    assert answer["text"] == "You said: ahoy"


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
