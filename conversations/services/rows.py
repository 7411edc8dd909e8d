"""Rows of the message loop, as plain SQL: the same by way of models takes three times as long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.db import connection

from assistant.engine import Reply
from conversations.models import Message

Statement = tuple[str, list[Any]]
_UNDERSTOOD = """
UPDATE conversations_message SET status = %s, model_version_id = %s, intent = %s, confidence = %s,
    ranking = %s, entities = %s, timings = %s, error = %s
WHERE id = %s
"""
_ADD_EVENTS = "INSERT INTO conversations_event (conversation_id, position, turn, data) VALUES "
_ADD_MESSAGES = """
INSERT INTO conversations_message (conversation_id, seq, turn, role, status, text, created, client_id, payload,
    metadata, model_version_id, intent, error, action, content, feedback, feedback_reason) VALUES """


def add_message(message: Message) -> None:
    """A visitor's, of which nothing is understood yet. It is given its id."""
    ((_, message.pk),) = _run([_messages([message])])


def write_turn(message: Message, reply: Reply, replies: Sequence[Message], position: int) -> None:
    """What was understood of the message, the engine's events after `position`, and the replies, which are given
    their ids."""
    events = [
        (message.conversation_id, number, message.turn, json.dumps(event))
        for number, event in enumerate(reply.events, position + 1)
    ]
    statements = [_understood(message, reply)]
    statements += [_inserted(_ADD_EVENTS, events)] if events else []
    statements += [_messages(replies)] if replies else []
    ids = dict(_run(statements))
    for said in replies:
        said.pk = ids[said.seq]


def _understood(message: Message, reply: Reply) -> Statement:
    parts = (list(reply.ranking), list(reply.entities), dict(reply.timings))
    verdict = (str(message.status), message.model_version_id, reply.intent[:255], reply.confidence)
    return _UNDERSTOOD, [*verdict, *(json.dumps(part) for part in parts), reply.error[:255], message.pk]


def _messages(messages: Sequence[Message]) -> Statement:
    statement, values = _inserted(_ADD_MESSAGES, [_values(message) for message in messages])
    return f"{statement} RETURNING seq, id", values


def _values(message: Message) -> tuple[Any, ...]:
    place = (message.conversation_id, message.seq, message.turn, str(message.role), str(message.status))
    created = connection.ops.adapt_datetimefield_value(message.created)
    came = (message.text, created, message.client_id, message.payload, json.dumps(message.metadata))
    return (*place, *came, message.model_version_id, "", "", message.action, json.dumps(message.content), "", "")


def _inserted(statement: str, rows: Sequence[tuple[Any, ...]]) -> Statement:
    row = f"({', '.join(['%s'] * len(rows[0]))})"
    return statement + ", ".join([row] * len(rows)), [value for values in rows for value in values]


def _run(statements: Sequence[Statement]) -> list[tuple[Any, ...]]:
    """The rows that the last one returns. PostgreSQL takes them all at once: it is the way there that costs."""
    if connection.vendor == "postgresql":
        texts, values = zip(*statements, strict=True)
        statements = [("; ".join(texts), list(chain.from_iterable(values)))]
    with connection.cursor() as cursor:
        for text, parameters in statements:
            cursor.execute(text, parameters)
        return cursor.fetchall() if cursor.description else []
