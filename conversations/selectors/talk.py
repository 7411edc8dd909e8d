"""Reads of one conversation, and of what waits for an answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from assistant.engine import History, Turn, Window
from conversations.models import Conversation, Message
from training.models import ModelVersion

PAGE = 200

# Asked once for each turn, as plain SQL: building the statements out of models took ten times as long as running them.
_HELD = """
SELECT id, public_id, channel, environment_id, state, answered_turn, event_count, attempts, turn_started
FROM conversations_conversation WHERE id = %s AND lease = %s AND answered_turn < last_turn
"""
_TURN = """
SELECT m.id, m.conversation_id, m.turn, m.text, m.payload, m.metadata, m.created, m.model_version_id,
    v.name AS version_name, v.sha256 AS version_sha256, v.signature AS version_signature,
    v.history_turns AS version_history_turns
FROM conversations_message m LEFT JOIN training_modelversion v ON v.id = m.model_version_id
WHERE m.conversation_id = %s AND m.role = 'user' AND m.turn = %s
"""
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


def replies_to(conversation_id: int, turn: int) -> list[Message]:
    """The bot's messages that answer this turn, in order."""
    rows = Message.objects.filter(conversation_id=conversation_id, turn=turn).exclude(role=Message.Role.USER)
    return list(rows.order_by("seq"))


def answered_turns(conversation_ids: list[int]) -> dict[int, int]:
    rows = Conversation.objects.filter(pk__in=conversation_ids)
    return dict(rows.values_list("pk", "answered_turn"))


def waiting_for_a_worker(seconds: float = 0.0, limit: int = 500) -> list[int]:
    """Conversations with unanswered turns that no living worker has, where nothing came in for `seconds`."""
    free = Q(lease__isnull=True) | Q(lease_until__lt=Now())
    rows = Conversation.objects.unanswered().filter(free, last_active__lte=timezone.now() - timedelta(seconds=seconds))
    return list(rows.order_by("last_active").values_list("pk", flat=True)[:limit])


def next_unanswered(conversation_id: int, lease: str) -> Message | None:
    """The first unanswered message of a conversation on which `lease` is held, with its conversation and model."""
    for conversation in Conversation.objects.raw(_HELD, [conversation_id, lease]):
        for message in Message.objects.raw(_TURN, [conversation_id, conversation.answered_turn + 1]):
            message.conversation = conversation
            message.model_version = _version_of(message)
            return message
    return None


def _version_of(message: Any) -> ModelVersion | None:
    if message.model_version_id is None:
        return None
    return ModelVersion(
        id=message.model_version_id,
        name=message.version_name,
        sha256=message.version_sha256,
        signature=message.version_signature,
        history_turns=message.version_history_turns,
    )


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
