"""Two installations on one Redis server. The second one's database is a restored dump of the first: the same secret
key, the same row numbers, the same conversations."""

import asyncio
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import environ
import msgpack
import pytest
import redis

from assistant.lib.configuration import installation_name
from tests.conversations.test_websocket import Tab
from tests.running import Running
from tests.settings import MODE

# One process shares no Redis.
pytestmark = [pytest.mark.processes, pytest.mark.modes("distributed")]
VISITOR = """
from conversations.channels.widget.visitors import new_visitor, token_of
from conversations.services import open_conversation
visitor = new_visitor()
print(token_of(visitor), open_conversation(channel="widget", external_id=visitor).public_id.hex)
"""
LOOK = """
import json
from django.core.cache import cache
from assistant.celery import app
was = cache.get("cache:config:booking")
cache.set("cache:config:booking", "kept")
print(json.dumps([was, cache.get("cache:config:booking"), len(app.control.ping(timeout=1))]))
"""


class Neighbour(Running):
    """Web and one worker: no clock whose sweeps would cover up what another took away."""

    def names(self):
        return ["web", "chat-1"]

    @property
    def installation(self):
        key = (self.folder / "secret-key").read_text()
        return installation_name("", key, environ.Env.db_url_config(self.database))

    @property
    def redis(self):
        return f"redis://{self.installation}:secret@127.0.0.1:{self.redis_port}/0"

    def let_in(self, admin):
        """By the rules of docs/install.md, to names of its own only: whatever else it used would fail."""
        name = self.installation
        channels = [f"&{name}:*", f"&{name}:/0.celery.pidbox"]
        rules = ["on", ">secret", f"~{name}:*", *channels, "+@all", "-@admin", "-@dangerous"]
        assert admin.execute_command("ACL", "SETUSER", name, *rules)


@pytest.fixture
def neighbours(tmp_path_factory):
    limits = {"RATE_LIMIT_VISITOR": "10/m", "REST_TIMEOUT": "5"}
    first = Neighbour(tmp_path_factory.mktemp("first"), MODE, workers=1, extra=limits)
    second = Neighbour(tmp_path_factory.mktemp("second"), MODE, workers=1, extra=limits)
    first.furnish()
    admin = redis.Redis(port=first.redis_port)
    first.let_in(admin)
    token, conversation = first.manage("shell", "-v", "0", "-c", VISITOR).split()
    shutil.copytree(first.folder, second.folder, dirs_exist_ok=True)
    second.make_database(f'TEMPLATE "{first.name}"')
    second.redis_port = first.redis_port
    second.let_in(admin)
    for running in (first, second):
        running.start_processes()
    yield first, second, admin, token, conversation
    second.redis_port = 0  # it is the first one's to stop
    second.stop()
    first.stop()


async def test_it_hears_nothing_of_a_neighbour_and_tells_it_nothing(neighbours):
    first, second, admin, token, conversation = neighbours
    assert first.installation != second.installation

    talk_to_both_at_once(first, second)
    fill_the_bucket_of_the_first_only(first, second)
    await show_each_visitor_their_own_answer(first, second, token)
    await take_no_hint_from_a_stranger(first, second, admin, token, conversation)
    keep_cache_and_control_apart(first, second)
    ours = (f"{first.installation}:", f"{second.installation}:")
    assert admin.get(f"{first.installation}:cache:config:booking")
    assert [name for name in [*admin.keys("*"), *admin.pubsub_channels()] if not name.decode().startswith(ours)] == []
    assert "NOPERM" not in first.logs() + second.logs()


def talk_to_both_at_once(first, second):
    def talk(place):
        running, name, sender = place
        return [running.post(f"sender-{sender}", f"{name} {number}") for number in range(8)]

    places = [(running, name, sender) for sender in range(8) for running, name in ((first, "one"), (second, "two"))]
    with ThreadPoolExecutor(len(places)) as clients:
        said = list(clients.map(talk, places))
    expected = [
        [(200, [{"recipient_id": f"sender-{sender}", "text": f"You said: {name} {n}"}]) for n in range(8)]
        for _, name, sender in places
    ]
    assert said == expected


def fill_the_bucket_of_the_first_only(first, second):
    statuses = [first.post("flooder", "ahoy")[0] for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert second.post("flooder", "ahoy")[0] == 200


async def show_each_visitor_their_own_answer(first, second, token):
    """The same visitor, in the same conversation of both."""
    async with Tab(first) as one, Tab(second) as two:
        assert (await one.hello(token))["conversation"] == (await two.hello(token))["conversation"]
        answers = await asyncio.gather(one.ask("one"), two.ask("two"))
        for tab in (one, two):
            await tab.say("ping")
        last = await asyncio.gather(one.see("message", "pong"), two.see("message", "pong"))
    assert [answer["text"] for answer in answers] == ["You said: one", "You said: two"]
    assert [frame["type"] for frame in last] == ["pong", "pong"]


async def take_no_hint_from_a_stranger(first, second, admin, token, conversation):
    """Neither one made up nor one of the neighbour's, sent on under the first one's name."""
    group = f"__group__conversation.{conversation}"
    made_up = {"type": "conversation.messages", "turn": None, "messages": [{"type": "message", "text": "pay here"}]}
    async with Tab(first) as one, Tab(second) as two:
        await one.hello(token)
        await two.hello(token)
        listener = admin.pubsub()
        listener.subscribe(f"{second.installation}:{group}")
        await two.ask("two")
        overheard = [message["data"] for message in iter(lambda: listener.get_message(timeout=1), None)][1:]
        assert overheard
        assert b"two" not in b"".join(overheard)
        for hint in [msgpack.packb(made_up), b"nonsense", *overheard]:
            assert admin.publish(f"{first.installation}:{group}", hint) == 1
        admin.publish(f"{first.installation}:__group__rest", msgpack.packb({"type": "turn.answered"}))
        answer = await one.ask("still there?")
        await one.say("ping")
        assert (await one.see("message", "pong"))["type"] == "pong"
    assert answer["text"] == "You said: still there?"
    assert first.post("sender-1", "ahoy")[0] == 200


def keep_cache_and_control_apart(first, second):
    for running in (first, second):
        assert json.loads(running.manage("shell", "-v", "0", "-c", LOOK)) == [None, "kept", 1]
