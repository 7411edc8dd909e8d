"""One transaction writes down an answered turn: events, replies, and that it is answered."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant.engine import OutMessage, Reply
from assistant.lib.database import Statement, chained
from conversations.models import Conversation, Message
from conversations.signals import turn_answered
from conversations.turns.rows import turn_written
from training.models import ModelVersion

SNAPSHOT_TURNS = 8
# The fence: a worker that lost its lease, or comes late, moves nothing and so writes nothing.
# One statement checks it, locks the row, numbers what follows and, after the last turn, gives the lease back.
_MOVE = """
UPDATE conversations_conversation SET
    answered_turn = answered_turn + 1, last_seq = last_seq + %s, event_count = event_count + %s,
    failed_turns = failed_turns + %s,
    lowest_confidence = CASE WHEN lowest_confidence <= %s THEN lowest_confidence ELSE %s END,
    attempts = CASE WHEN last_turn = answered_turn + 1 THEN 0 ELSE 1 END,
    turn_started = CASE WHEN last_turn = answered_turn + 1 THEN NULL ELSE CURRENT_TIMESTAMP END,
    snapshot = COALESCE(%s, snapshot),
    snapshot_position = CASE WHEN %s IS NULL THEN snapshot_position ELSE event_count + %s END,
    lease_until = CASE WHEN last_turn = answered_turn + 1 THEN NULL ELSE lease_until END,
    lease = CASE WHEN last_turn = answered_turn + 1 THEN NULL ELSE lease END
WHERE id = %s AND lease = %s AND answered_turn = %s - 1
RETURNING id, last_seq - %s AS seq, event_count - %s AS position, last_turn
"""
_MOVED = ("id", "seq", "position", "last_turn")


def complete(message: Message, version: ModelVersion, reply: Reply | None, lease: str) -> bool:
    """Write the reply (None: the fallback, and the message has failed) and return whether more turns wait.

    Writes nothing, and returns False, where the lease is no longer ours.
    """
    answered = reply or Reply((), [OutMessage(settings.FALLBACK_REPLY, buttons=settings.FALLBACK_BUTTONS)])
    message.status = Message.Status.FAILED if reply is None else Message.Status.ANSWERED
    message.model_version = version
    replies = _replies(message, answered)
    move = _move(message, version, answered, lease, failed=reply is None)
    rows = chained(move, _MOVED, turn_written(message, answered, replies))
    if not rows:
        return False
    _, seq, _, last_turn = rows[0][: len(_MOVED)]
    for number, said in enumerate(replies, 1):
        said.seq = seq + number
    message.conversation.last_seq = seq + len(replies)
    transaction.on_commit(lambda: _tell(message, replies))
    return bool(last_turn > (message.turn or 0))


def _move(message: Message, version: ModelVersion, reply: Reply, lease: str, *, failed: bool) -> Statement:
    # Not every turn: a snapshot is larger than all else that a turn writes, and read only by a worker that is new to
    # the conversation. A model that may look at the whole of it is given that: its snapshot would grow without bound.
    kept = reply.snapshot and (message.turn or 0) % SNAPSHOT_TURNS == 0 and version.history_turns is not None
    snapshot = json.dumps(reply.snapshot) if kept else None
    said, events = len(reply.messages), len(reply.events)
    changed = [said, events, int(failed), reply.confidence, reply.confidence, snapshot, snapshot, events]
    return _MOVE, [*changed, message.conversation_id, lease, message.turn, said, events]


def _replies(message: Message, reply: Reply) -> list[Message]:
    """Their place in the conversation is not known yet."""
    now = timezone.now()
    return [
        Message(
            conversation_id=message.conversation_id,
            turn=message.turn,
            role=Message.Role.BOT,
            status=Message.Status.SENT,
            created=now,
            text=out.text,
            action=out.action[:255],
            content=_content(out),
            model_version_id=message.model_version_id,
        )
        for out in reply.messages
    ]


def _content(out: OutMessage) -> dict[str, Any]:
    parts = {
        "buttons": list(out.buttons),
        "image": out.image,
        "attachment": out.attachment,
        "custom": out.custom,
    }
    return {name: part for name, part in parts.items() if part}


def _tell(message: Message, replies: list[Message]) -> None:
    turn_answered.send_robust(Conversation, conversation=message.conversation, turn=message.turn, messages=replies)
