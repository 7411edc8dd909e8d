"""The second step: one worker takes the lease of a conversation, and with it the first unanswered message.

Who may have a lease, and for how long: see `leases`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from assistant.lib.database import DATABASE_AWAY, Row, one_row
from conversations.models import Conversation, Message
from conversations.selectors.messages import LEASE_MARGIN
from conversations.turns import leases
from conversations.turns.columns import Columns
from conversations.turns.dialects import dialect
from training.models import ModelVersion

_CONVERSATION = Columns(
    Conversation,
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
_MESSAGE = Columns(
    Message, "id", "conversation_id", "turn", "text", "created", "payload", "metadata", "model_version_id"
)
_VERSION = Columns(ModelVersion, "id", "name", "sha256", "signature", "history_turns")
_CLAIM = """
UPDATE conversations_conversation SET
    lease = %s, lease_until = {later}, turn_started = COALESCE(turn_started, {now}), attempts = attempts + 1
WHERE id = %s AND answered_turn < last_turn
    AND (lease IS NULL OR lease_until < {now} OR lease_until > {later})
RETURNING {columns}
"""
_FIRST_UNANSWERED = f"""
SELECT {_MESSAGE.select("message", "message_")}, {_VERSION.select("version", "version_")},
    {dialect.SECONDS_SINCE.format("conversation.turn_started")} AS spent
FROM conversation
JOIN conversations_message AS message
    ON message.conversation_id = conversation.id AND message.role = 'user'
    AND message.turn = conversation.answered_turn + 1
LEFT JOIN training_modelversion AS version ON version.id = message.model_version_id
"""  # noqa: S608  all ours
_NEXT = f"""
WITH conversation AS (
    SELECT {_CONVERSATION.select("held")} FROM conversations_conversation AS held
    WHERE id = %s AND lease = %s AND answered_turn < last_turn
) SELECT conversation.*, first.* FROM conversation, ({_FIRST_UNANSWERED}) AS first
"""  # noqa: S608  all ours


@dataclass(frozen=True)
class Claim:
    """A lease by name, and the message to begin with."""

    lease: str
    message: Message | None


def claim(conversation_id: int) -> Claim | None:
    """None where nothing is unanswered or another worker has it."""
    lease = uuid.uuid4().hex
    now, later = dialect.NOW, dialect.LATER
    columns = _CONVERSATION.select("conversations_conversation")
    text = _CLAIM.format(now=now, later=later, columns=columns)
    values = [lease, settings.LEASE_SECONDS, conversation_id, settings.LEASE_SECONDS + LEASE_MARGIN]
    try:
        row = dialect.run_step((text, values), result=(_FIRST_UNANSWERED, []))
    except DATABASE_AWAY:  # it may be ours without our knowing, or become ours yet
        leases.release_later(conversation_id, lease)
        raise
    if row is None:
        return None
    if row["message_id"] is None:  # it came in this very moment: it is counted, and may not be seen yet
        return Claim(lease, next_message(conversation_id, lease))
    return Claim(lease, _message_of(row))


def next_message(conversation_id: int, lease: str) -> Message | None:
    """The first unanswered message of a conversation on which `lease` is held, with its conversation and model."""
    with connection.cursor() as cursor:
        row = one_row(cursor, _NEXT, [conversation_id, lease])
    return _message_of(row) if row else None


def _message_of(row: Row) -> Message:
    message, conversation = _MESSAGE.instance(row, "message_"), _CONVERSATION.instance(row)
    message.conversation = conversation
    message.model_version = _VERSION.instance(row, "version_") if row["version_id"] else None
    conversation.spent = max(0.0, row["spent"] or 0.0)  # not below zero, where the clock was set back
    return message
