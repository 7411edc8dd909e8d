"""One database is filled and measured, in a process of its own: `python -m benchmarks.desk_measures MESSAGES [pages]`.

DATABASE_URL and VAR_DIR say where; one that is filled already is taken as it is. `pages`: without the writes, after
which some indexes are gone. The last line of what it prints is JSON.
"""

from __future__ import annotations

import gc
import html
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import django

LIST = "/admin/conversations/conversation/"
ROUNDS = int(os.environ.get("ROUNDS", "21"))
_OLDER = re.compile(r'href="([^"]*)" rel="next"')
TURNS = 600


@dataclass
class Measured:
    name: str
    p50: float  # milliseconds
    p95: float
    cpu: float  # milliseconds of this process, SQLite included; the median
    rows: int


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.desk_settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _fill(int(sys.argv[1]))
    measured = [asdict(one) for one in _pages()]
    writes = {} if "pages" in sys.argv else {"turn": _turn(), "replayed_per_second": _replayed()}
    print(json.dumps({"pages": measured, **writes}))


def _fill(messages: int) -> None:
    from django.db import connection

    from benchmarks.desk_fill import Filler
    from conversations import search_index
    from conversations.models import Message

    if Message.objects.exists():
        return
    began = time.monotonic()
    with connection.schema_editor() as schema:  # building it once is faster than writing to it a million times
        search_index.drop(schema)
    count = Filler(messages).fill()
    with connection.schema_editor() as schema:
        search_index.build(schema)
    print(f"{messages} messages in {count} conversations after {time.monotonic() - began:.0f} s", file=sys.stderr)


def _pages() -> Iterator[Measured]:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    user, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    client.force_login(user)
    for name, address in _addresses():
        yield _measured(name, partial(client.get, address))
    second = html.unescape(_OLDER.findall(client.get(LIST).content.decode())[0])
    yield _measured("list: next page", partial(client.get, LIST + second))


def _addresses() -> Iterator[tuple[str, str]]:
    from conversations.models import Conversation

    yield "list", LIST
    yield from _filters()
    yield from _searches()
    row = Conversation.objects.filter(last_turn=5).latest("id")
    yield "transcript", f"{LIST}{row.pk}/change/"
    for name, query in {
        "a list": "channel=widget",
        "a search": "q=the",
        "a narrow search": "q=the&trouble=failed",
    }.items():
        yield f"step down {name}", f"{LIST}{row.pk}/next/?{urlencode({'_changelist_filters': query})}"
    yield "dashboard", "/admin/"


def _filters() -> Iterator[tuple[str, str]]:
    from benchmarks.desk_fill import INTENTS, RARE_INTENT
    from training.models import ModelVersion

    for review in ("todo", "done", "later", "flagged"):
        yield f"review: {review}", f"{LIST}?review={review}"
    for trouble in ("failed", "disliked", "unanswered"):
        yield f"trouble: {trouble}", f"{LIST}?trouble={trouble}"
    for below in (30, 50, 70):
        yield f"confidence: below {below} %", f"{LIST}?confidence={below}"
    for when in ("today", "night", "week"):
        yield f"when: {when}", f"{LIST}?when={when}"
    yield "length: short", f"{LIST}?length=short"
    yield "length: medium", f"{LIST}?length=medium"
    yield "length: long", f"{LIST}?length=long"
    yield "length: 80 or more", f"{LIST}?min=80"
    yield "channel: widget", f"{LIST}?channel=widget"
    yield "channel: slack", f"{LIST}?channel=slack"
    yield "state: bot", f"{LIST}?state=bot"
    yield "state: waiting", f"{LIST}?state=waiting"
    yield "intent: common", f"{LIST}?intent={INTENTS[0]}"
    yield "intent: rare", f"{LIST}?intent={RARE_INTENT}"
    yield "intent: none", f"{LIST}?intent=nobody_says_this"
    newest, oldest = ModelVersion.objects.first(), ModelVersion.objects.last()
    yield "model: newest", f"{LIST}?version={newest.pk if newest else 0}"
    yield "model: oldest", f"{LIST}?version={oldest.pk if oldest else 0}"
    yield "tag: common", f"{LIST}?tag=common"
    yield "tag: rare", f"{LIST}?tag=rare"
    yield "three at once", f"{LIST}?review=todo&confidence=50&channel=widget"


def _searches() -> Iterator[tuple[str, str]]:
    from benchmarks.desk_fill import RARE_PHRASE, RARE_WORD, Talk
    from conversations.models import Conversation

    talk = Talk()
    phrase = " ".join(talk.replies[0].rstrip(".").split()[2:4])
    searches = {
        "most common word": "the",
        "common beginning": "re",
        "two common words": "the refund",
        "usual word": talk.words[2_000],
        "rare word": RARE_WORD,
        "word that nobody said": "qqqqq",
        "common phrase": f'"{phrase}"',
        "rare phrase": f'"{RARE_PHRASE}"',
        "sender": Conversation.objects.earliest("id").external_id,
        "id": str(Conversation.objects.earliest("id").public_id),
    }
    for name, words in searches.items():
        yield f"search: {name}", f"{LIST}?q={words.replace(' ', '+').replace(chr(34), '%22')}"
    yield "search: common word and filter", f"{LIST}?q=the&trouble=failed"


def _measured(name: str, opened: Callable[[], Any]) -> Measured:
    spent, worked = [], []
    for _ in range(ROUNDS + 2):
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        response = opened()
        spent.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - cpu) * 1000)
        assert response.status_code in (200, 302), f"{name}: {response.status_code}"
    found = response.content.count(b'class="field-words"')
    times, cpus = sorted(spent[2:]), sorted(worked[2:])
    middle, last = len(times) // 2, int(len(times) * 0.95)
    return Measured(name, round(times[middle], 1), round(times[last], 1), round(cpus[middle], 1), found)


def _turn() -> dict[str, dict[str, float]]:
    """Milliseconds that a turn's two writes take: as it is, without the search's index, without those of the lists."""
    from django.db import connection

    from conversations import search_index
    from conversations.models import Conversation, Message

    spent = {"all": _turns("a")}
    connection.close()
    with connection.schema_editor() as schema:
        search_index.drop(schema)
    spent["without the search"] = _turns("b")
    before = {"newest_first", "unanswered", "messages_by_intent", "failed_messages"}
    for model in (Conversation, Message):
        with connection.schema_editor() as schema:
            for index in model._meta.indexes:
                if index.name not in before:
                    schema.remove_index(model, index)
    return {**spent, "without the lists' indexes too": _turns("c")}


def _turns(name: str) -> dict[str, float]:
    """`cpu`: of this process, so SQLite's work and none of PostgreSQL's; the mean."""
    from benchmarks.desk_fill import Talk
    from conversations.services import answer, receive

    talk = Talk(seed=ord(name))
    spent = []
    cpu = time.process_time()
    for number in range(TURNS):
        text = talk.sentence()
        began = time.perf_counter()
        stored = receive(channel="rest", external_id=f"{name}-{number % 50}", text=text)
        answer(stored.conversation_id)
        spent.append((time.perf_counter() - began) * 1000)
    times = sorted(spent)
    worked = (time.process_time() - cpu) / TURNS * 1000
    return {"p10": round(times[TURNS // 10], 3), "p50": round(times[TURNS // 2], 3), "cpu": round(worked, 3)}


def _replayed() -> float:
    """Turns a second that a replay of a hundred conversations says to both versions, with the fake engine."""
    from conversations.models import Replay
    from conversations.services import request_replay
    from training.models import ModelVersion
    from training.services import run_next_job

    left, right = ModelVersion.objects.filter(status="ready")[:2]
    replay = request_replay(left=left, right=right, by=None)
    began = time.perf_counter()
    run_next_job("bench")
    return round(Replay.objects.get(pk=replay.pk).turn_count / (time.perf_counter() - began), 1)


if __name__ == "__main__":
    main()
