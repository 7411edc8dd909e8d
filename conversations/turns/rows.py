"""Rows of the message loop, as plain SQL: the same by way of models takes three times as long.

What stands `FROM found` is the conversation's row, just counted or moved on: see `assistant.lib.database.chained`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from assistant.engine import Reply
from assistant.lib.database import Statement
from conversations.models import Message

_JSON = {"postgresql": "%s::jsonb", "sqlite": "%s"}
_ADD_MESSAGES = """
INSERT INTO conversations_message (conversation_id, seq, turn, role, status, text, created, client_id, payload,
    metadata, model_version_id, intent, error, action, content, feedback, feedback_reason) """
_RECEIVED = """
SELECT found.id, found.last_seq, found.last_turn, %s, %s, %s, %s, %s, %s,
    %s, found.live_version, '', '', '', '{}', '', '' FROM found RETURNING id
"""
_SAID = """
SELECT found.id, found.seq + said.column1, %s, %s, %s, said.column2, %s, NULL, '',
    '{}', %s, '', '', said.column3, said.column4, '', '' FROM found, """
_UNDERSTOOD = """
UPDATE conversations_message SET status = %s, model_version_id = %s, intent = %s, confidence = %s,
    ranking = %s, entities = %s, timings = %s, error = %s
FROM found WHERE conversations_message.id = %s RETURNING 0
"""
_EVENTS = """
INSERT INTO conversations_event (conversation_id, position, turn, data)
SELECT found.id, found.position + event.column1, %s, event.column2 FROM found, """


def received(message: Message) -> Statement:
    """A visitor's message, of which nothing is understood yet. Returns its id."""
    created = connection.ops.adapt_datetimefield_value(message.created)
    came = (str(message.role), str(message.status), message.text, created, message.client_id, message.payload)
    return _ADD_MESSAGES + _RECEIVED, [*came, json.dumps(message.metadata)]


def turn_written(message: Message, reply: Reply, replies: Sequence[Message]) -> list[Statement]:
    """What was understood of the message, the engine's events and the replies, of which it returns `seq` and id."""
    statements = [_understood(message, reply)]
    statements += [_events(message, reply)] if reply.events else []
    statements += [_said(replies)] if replies else []
    return statements


def _understood(message: Message, reply: Reply) -> Statement:
    parts = (list(reply.ranking), list(reply.entities), dict(reply.timings))
    verdict = (str(message.status), message.model_version_id, reply.intent[:255], reply.confidence)
    return _UNDERSTOOD, [*verdict, *(json.dumps(part) for part in parts), reply.error[:255], message.pk]


def _events(message: Message, reply: Reply) -> Statement:
    table, values = _table([(json.dumps(event),) for event in reply.events], _JSON[connection.vendor])
    return f"{_EVENTS}{table} AS event RETURNING 0", [message.turn, *values]


def _said(replies: Sequence[Message]) -> Statement:
    first = replies[0]
    same = (first.turn, str(first.role), str(first.status), connection.ops.adapt_datetimefield_value(first.created))
    own = [(reply.text, reply.action, json.dumps(reply.content)) for reply in replies]
    table, values = _table(own, "%s", "%s", _JSON[connection.vendor])
    return f"{_ADD_MESSAGES}{_SAID}{table} AS said RETURNING seq, id", [*same, first.model_version_id, *values]


def _table(rows: Sequence[tuple[Any, ...]], *kinds: str) -> Statement:
    """Numbered from 1: `column1` is the number, `column2` and so on the parts of a row."""
    lines = ", ".join(f"({number}, {', '.join(kinds)})" for number in range(1, len(rows) + 1))
    return f"(VALUES {lines})", [part for row in rows for part in row]
