"""Reads of one conversation, and of what waits for an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Min, Q, Sum
from django.db.models.functions import Now
from django.utils.timezone import now

from assistant.engine import History, Turn, Window
from assistant.lib.database import Row, moment_of, uuid_of
from conversations.models import Conversation, Message
from training.models import ModelVersion

PAGE = 200
AHEAD = timedelta(seconds=2)
LEASE_MARGIN = 2.0  # seconds: what lies further ahead than a lease and this is nobody's

# Asked once for each turn, as plain SQL: by way of models it takes several times as long as the database.
# Columns stand in the order of the models' fields, as `from_db` wants them.
HELD = (
    "id",
    "public_id",
    "channel",
    "environment_id",
    "state",
    "answered_turn",
    "event_count",
    "turn_started",
    "attempts",
)
_MESSAGE = ("id", "conversation_id", "turn", "text", "created", "payload", "metadata", "model_version_id")
_VERSION = ("id", "name", "sha256", "signature", "history_turns")
# `found` is a conversation, or what an update returned of it.
TURN_OF_FOUND = """
SELECT m.id, m.conversation_id, m.turn, m.text, m.created, m.payload, m.metadata, m.model_version_id,
    CURRENT_TIMESTAMP AS moment, v.id, v.name, v.sha256, v.signature, v.history_turns
FROM found JOIN conversations_message m ON m.conversation_id = found.id AND m.role = 'user'
    AND m.turn = found.answered_turn + 1
LEFT JOIN training_modelversion v ON v.id = m.model_version_id
"""
_NEXT = f"""
WITH found AS (
    SELECT {", ".join(HELD)} FROM conversations_conversation
    WHERE id = %s AND lease = %s AND answered_turn < last_turn
) SELECT found.*, turn.* FROM found, ({TURN_OF_FOUND}) AS turn
"""  # noqa: S608  all ours
_SNAPSHOT = "SELECT snapshot, snapshot_position FROM conversations_conversation WHERE id = %s"
_EVENTS = "SELECT data FROM conversations_event WHERE conversation_id = %s AND position > %s ORDER BY position"
# One look-up in the index for each, where DISTINCT would read every message.
_INTENTS = """
WITH RECURSIVE used(intent) AS (
    SELECT MIN(intent) FROM conversations_message WHERE role = 'user'
    UNION ALL
    SELECT (SELECT MIN(intent) FROM conversations_message WHERE role = 'user' AND intent > used.intent)
    FROM used WHERE used.intent IS NOT NULL
) SELECT intent FROM used WHERE intent > '' LIMIT 1000
"""

# From the question on: a look-up by `seq`, which costs the same in a long conversation.
_ANSWERS = """
WITH asked(conversation_id, turn, seq) AS (VALUES {values})
SELECT asked.conversation_id, asked.turn, m.text, m.content
FROM asked JOIN conversations_conversation c ON c.id = asked.conversation_id AND c.answered_turn >= asked.turn
LEFT JOIN conversations_message m ON m.conversation_id = c.id AND m.seq > asked.seq AND m.turn = asked.turn
    AND m.role <> 'user'
ORDER BY m.seq
"""


def messages_after(conversation_id: int, seq: int, limit: int = PAGE) -> list[Message]:
    """At most `limit` messages after `seq`, oldest first."""
    return list(Message.objects.filter(conversation_id=conversation_id, seq__gt=seq).order_by("seq")[:limit])


def latest_messages(conversation_id: int, limit: int = PAGE) -> list[Message]:
    """The newest `limit` messages, oldest first."""
    return list(Message.objects.filter(conversation_id=conversation_id).order_by("-seq")[:limit])[::-1]


def channels_in_use() -> list[str]:
    """One look-up in the index for each, where DISTINCT would read every conversation."""
    names: list[str] = []
    rows = Conversation.objects.order_by("channel").values_list("channel", flat=True)
    while (name := rows.filter(channel__gt=names[-1] if names else "").first()) is not None:
        names.append(name)
    return names


def intents_in_use() -> list[str]:
    """All that was ever understood."""
    with connection.cursor() as cursor:
        cursor.execute(_INTENTS)
        return [intent for (intent,) in cursor.fetchall()]


def answers_to(asked: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], list[Message]]:
    """The bot's messages for each of `asked` (conversation, turn, seq of the visitor's message) that is answered, in
    order; by conversation and turn. None of the lists need hold any: the bot may keep quiet."""
    found: dict[tuple[int, int], list[Message]] = {}
    for start in range(0, len(asked), PAGE):
        page = asked[start : start + PAGE]
        values = ", ".join(["(%s, %s, %s)"] * len(page))
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERS.format(values=values), [number for place in page for number in place])
            for conversation_id, turn, text, content in cursor.fetchall():
                replies = found.setdefault((conversation_id, turn), [])
                if text is not None:
                    replies.append(Message(text=text, content=json.loads(content)))
    return found


def waiting_for_a_worker(seconds: float = 0.0, limit: int = 500) -> list[int]:
    """Conversations with unanswered turns that no living worker has, where nothing came in for `seconds`. What lies
    ahead was written before a clock was set back."""
    too_far = Now() + timedelta(seconds=settings.LEASE_SECONDS + LEASE_MARGIN)
    free = Q(lease__isnull=True) | Q(lease_until__lt=Now()) | Q(lease_until__gt=too_far)
    quiet = Q(last_active__lte=now() - timedelta(seconds=seconds)) | Q(last_active__gt=now() + AHEAD)
    rows = Conversation.objects.unanswered().filter(free, quiet)
    return list(rows.order_by("last_active").values_list("pk", flat=True)[:limit])


def waiting_now() -> tuple[int, float]:
    """How many turns are unanswered, and for how many seconds the conversation has been silent that waits longest."""
    rows = Conversation.objects.unanswered().aggregate(
        turns=Sum(F("last_turn") - F("answered_turn")), since=Min("last_active")
    )
    seconds = (now() - rows["since"]).total_seconds() if rows["since"] else 0.0
    return rows["turns"] or 0, max(0.0, seconds)


def next_unanswered(conversation_id: int, lease: str) -> Message | None:
    """The first unanswered message of a conversation on which `lease` is held, with its conversation and model."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [conversation_id, lease])
        row = cursor.fetchone()
    return message_of(row) if row else None


def message_of(row: Row) -> Message:
    """Of HELD and what TURN_OF_FOUND selects."""
    held, said, version = row[: len(HELD)], row[len(HELD) : -len(_VERSION)], row[-len(_VERSION) :]
    number, public_id, *place, started, attempts = held
    *words, created, payload, metadata, version_id, moment = said
    held = (number, uuid_of(public_id), *place, moment_of(started), attempts)
    said = (*words, moment_of(created), payload, json.loads(metadata), version_id)
    message = Message.from_db("default", _MESSAGE, said)
    message.conversation = Conversation.from_db("default", HELD, held)
    message.conversation.spent = _seconds_between(moment_of(started), moment_of(moment))
    message.model_version = ModelVersion.from_db("default", _VERSION, version) if version_id else None
    return message


def _seconds_between(start: datetime | None, end: datetime | None) -> float:
    """Not below zero, where the clock was set back."""
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0


def turn_for_engine(message: Message, version: ModelVersion) -> Turn:
    conversation = message.conversation
    return Turn(
        sender=str(conversation.public_id),
        text=message.payload or message.text,
        key=f"{conversation.public_id}:{message.turn}",
        metadata=message.metadata,
        history=History(
            conversation.event_count,
            read=lambda: _window(message, version.history_turns),
            read_all=lambda: _window(message, None).events,
        ),
        input_channel=conversation.channel,
    )


def _window(message: Message, turns: int | None) -> Window:
    """The newest snapshot and what happened since: its cost does not grow with the conversation.

    All events where there is none, or where the model may look at all turns.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, [message.conversation_id])
        snapshot, position = cursor.fetchone()
        whole = turns is None or snapshot is None
        cursor.execute(_EVENTS, [message.conversation_id, 0 if whole else position])
        events = [json.loads(data) for (data,) in cursor.fetchall()]
    return Window(None if whole else json.loads(snapshot), events)
