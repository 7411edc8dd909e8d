"""A database as a busy year leaves it: conversations of people who say usual things, and of some who don't."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from conversations.models import Conversation, Event, Message, Tag
from training.models import Environment, ModelVersion
from training.selectors import production

A_CONVERSATION_EVERY = timedelta(minutes=5)
ROWS_AT_ONCE = 400
VERSIONS = 10
RARE_WORD, RARE_PHRASE = "zyzzogeton", "xylophone quartet"
INTENTS = [f"topic_{number}" for number in range(40)]
RARE_INTENT = "topic_rare"
CONVERSATION_FIELDS = """
    id, public_id, channel, external_id, environment_id, state, site, locale, created, last_active,
    last_seq, last_turn, answered_turn, event_count, failed_turns, lowest_confidence, thumbs_down,
    reviewed_turn, saved_for_later, flag_count, attempts, snapshot, snapshot_position
"""
MESSAGE_FIELDS = """
    conversation_id, seq, turn, role, status, text, created, payload, metadata, model_version_id, intent,
    confidence, ranking, entities, timings, error, action, content, feedback, feedback_reason
"""
EVENT_FIELDS = "conversation_id, position, turn, data"
_SNAPSHOT = json.dumps({"slots": {f"slot_{number}": "a value of usual length" for number in range(60)}})
_TIMINGS = json.dumps({"parse": 3.1, "predict": 0.4, "engine": 5.2, "waited": 1.1})


@dataclass
class Talk:
    """What people and the bot say. The words' frequencies follow Zipf's law."""

    seed: int = 7
    words: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.words = ["the", "is", "my", "to", "when", "order", "refund", *(self._word() for _ in range(30_000))]
        self._frequencies = list(itertools.accumulate(1 / rank for rank in range(1, len(self.words) + 1)))
        self.replies = [self.sentence(20) for _ in range(60)]

    def sentence(self, usual: float = 7) -> str:
        count = max(1, min(60, round(self.chance.lognormvariate(0, 0.6) * usual)))
        words = self.chance.choices(self.words, cum_weights=self._frequencies, k=count)
        if self.chance.random() < 0.000_05:
            words += [RARE_WORD, *RARE_PHRASE.split()]
        return " ".join(words).capitalize() + "."

    def reply(self) -> str:
        return self.chance.choice(self.replies)

    def _word(self) -> str:
        return "".join(self.chance.choices("abcdefghiklmnoprstuvw", k=self.chance.randint(3, 10)))


@dataclass
class Filler:
    messages: int
    talk: Talk = field(default_factory=Talk)

    def fill(self) -> int:
        """Returns how many conversations that took."""
        self.place = production()
        self.versions = [_version(self.place, number) for number in range(VERSIONS)]
        self.chance = random.Random(11)
        lengths = list(self._lengths())
        self.begin = timezone.now() - A_CONVERSATION_EVERY * len(lengths)
        for first in range(0, len(lengths), 2_000):
            with transaction.atomic():
                self._write(list(enumerate(lengths[first : first + 2_000], first + 1)), len(lengths))
        _tag(len(lengths), self.chance)
        _put_in_order()
        return len(lengths)

    def _lengths(self) -> Iterator[int]:
        """Turns by conversation, five on average; in all as many messages as asked for, half of them the bot's."""
        left = self.messages // 2
        while left > 0:
            turns = min(left, max(1, round(self.chance.expovariate(1 / 4.5))))
            left -= turns
            yield turns

    def _write(self, numbered: Sequence[tuple[int, int]], of: int) -> None:
        conversations, messages, events = [], [], []
        for number, turns in numbered:
            version = self.versions[min(VERSIONS - 1, number * VERSIONS // of)]
            active = self.begin + A_CONVERSATION_EVERY * number
            said = [self._turn(number, turn, active, version.pk) for turn in range(1, turns + 1)]
            conversations.append(self._conversation(number, turns, active, said))
            messages += [message for user, bot in said for message in (user, bot)]
            events += [(number, position, (position + 4) // 5, _EVENT) for position in range(1, turns * 5 + 1)]
        _insert(Conversation, CONVERSATION_FIELDS, conversations)
        _insert(Message, MESSAGE_FIELDS, messages)
        _insert(Event, EVENT_FIELDS, events)

    def _turn(self, number: int, turn: int, at: datetime, version: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        chance, seq = self.chance.random, 2 * turn - 1
        intent = RARE_INTENT if chance() < 0.000_2 else INTENTS[min(39, int(self.chance.expovariate(1 / 7)))]
        sure = 0.2 + 0.3 * chance() if chance() < 0.02 else 0.75 + 0.25 * chance()
        failed = chance() < 0.004
        ranking = json.dumps([{"name": name, "confidence": sure / 3} for name in (intent, *INTENTS[:4])])
        status = "failed" if failed else "answered"
        user = (number, seq, turn, "user", status, self.talk.sentence(), at, "", "{}", version, intent, sure, ranking)
        feedback = "down" if chance() < 0.002 else ""
        bot = (number, seq + 1, turn, "bot", "sent", self.talk.reply(), at, "", "{}", version, "", None, None)
        return (
            (*user, "[]", _TIMINGS, "", "", "{}", "", ""),
            (*bot, None, None, "", "utter_answer", "{}", feedback, ""),
        )

    def _conversation(
        self, number: int, turns: int, active: datetime, said: Iterable[tuple[Any, Any]]
    ) -> tuple[Any, ...]:
        chance = self.chance.random
        users, bots = zip(*said, strict=True)
        public_id = UUID(int=self.chance.getrandbits(128), version=4)
        state = "waiting" if chance() < 0.003 else "human" if chance() < 0.003 else "bot"
        channel = "slack" if chance() < 0.01 else "rest" if chance() < 0.2 else "widget"
        return (
            number,
            public_id.hex if connection.vendor == "sqlite" else str(public_id),
            channel,
            f"visitor-{public_id.hex[:16]}",
            self.place.pk,
            state,
            "https://shop.example",
            "en",
            active,
            active,
            2 * turns,
            turns,
            turns - (chance() < 0.000_1),
            5 * turns,
            sum(user[4] == "failed" for user in users),
            min(user[11] for user in users),
            sum(bot[18] == "down" for bot in bots),
            turns if chance() < 0.3 else 0,
            chance() < 0.003,
            int(chance() < 0.005),
            0,
            _SNAPSHOT if turns >= 8 else None,
            5 * (turns - turns % 8),
        )


_EVENT = json.dumps({"event": "action", "name": "action_listen", "policy": None, "confidence": 1.0, "timestamp": 1.0})


def _version(place: Environment, number: int) -> ModelVersion:
    name = f"bench-{number}"
    version, _ = ModelVersion.objects.get_or_create(bot=place.bot, name=name, status=ModelVersion.Status.READY)
    place.active_version = version
    place.save()
    return version


def _insert(model: Any, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    one = f"({', '.join(['%s'] * len(rows[0]))})"
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[first : first + ROWS_AT_ONCE]
            values = [_plain(value) for row in part for value in row]
            places = ", ".join([one] * len(part))
            cursor.execute(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES {places}", values)


def _plain(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _tag(conversations: int, chance: random.Random) -> None:
    through = Conversation.tags.through
    for name, share in (("common", 0.2), ("rare", 0.002)):
        tag, _ = Tag.objects.get_or_create(name=name)
        chosen = sorted(chance.sample(range(1, conversations + 1), max(1, int(conversations * share))))
        _insert(through, "conversation_id, tag_id", [(number, tag.pk) for number in chosen])


def _put_in_order() -> None:
    """What autovacuum does in time, and the numbers after those that were written by hand."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('conversations_conversation', 'id'),"
                " (SELECT max(id) FROM conversations_conversation))"
            )
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
