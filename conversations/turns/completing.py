"""The third step: an answered turn is written down: events, replies, and that it is answered."""

from __future__ import annotations

import json

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assistant.engine import OutMessage, Reply
from assistant.lib.database import Statement
from conversations.models import Conversation, Event, Message
from conversations.signals import turn_answered
from conversations.turns.columns import Columns
from conversations.turns.dialects import dialect
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
RETURNING id, last_seq, event_count, last_turn
"""
_UNDERSTOOD = Columns(
    Message, "status", "model_version_id", "intent", "confidence", "ranking", "entities", "timings", "error"
)
_REPLY = Columns(Message, "turn", "role", "status", "created", "text", "action", "content", "model_version_id")
_EVENT = Columns(Event, "turn", "data")


def complete(message: Message, version: ModelVersion, reply: Reply | None, lease: str) -> bool:
    """Write the reply (None: the fallback, and the message has failed) and return whether more turns wait.

    Writes nothing, and returns False, where the lease is no longer ours.
    """
    answer = reply or Reply((), [OutMessage(settings.FALLBACK_REPLY, buttons=settings.FALLBACK_BUTTONS)])
    message.status = Message.Status.FAILED if reply is None else Message.Status.ANSWERED
    message.model_version = version
    message.intent, message.confidence, message.error = answer.intent[:255], answer.confidence, answer.error[:255]
    message.ranking, message.entities = list(answer.ranking), list(answer.entities)
    message.timings = dict(answer.timings)
    replies = _replies(message, answer)
    writes: list[Statement] = [_UNDERSTOOD.update(vars(message))]
    if answer.events:
        events = [{"turn": message.turn, "data": event} for event in answer.events]
        position = "conversation.event_count + added.place"
        writes.append(_EVENT.insert(events, conversation_id="conversation.id", position=position))
    if replies:
        rows, seq = [vars(said) for said in replies], "conversation.last_seq + added.place"
        writes.append(_REPLY.insert(rows, conversation_id="conversation.id", seq=seq))
    row = dialect.run_step(_move(message, version, answer, lease), writes)
    if row is None:
        return False
    message.conversation.last_seq = row["last_seq"]
    for number, said in enumerate(replies, row["last_seq"] - len(replies) + 1):
        said.seq = number
    transaction.on_commit(
        lambda: turn_answered.send_robust(
            Conversation, conversation=message.conversation, turn=message.turn, messages=replies
        )
    )
    return bool(row["last_turn"] > (message.turn or 0))


def _move(message: Message, version: ModelVersion, reply: Reply, lease: str) -> Statement:
    # Not every turn: a snapshot is larger than all else that a turn writes, and read only by a worker that is new to
    # the conversation. A model that may look at the whole of it is given that: its snapshot would grow without bound.
    kept = reply.snapshot and (message.turn or 0) % SNAPSHOT_TURNS == 0 and version.history_turns is not None
    snapshot = json.dumps(reply.snapshot) if kept else None
    failed = int(message.status == Message.Status.FAILED)
    said, events = len(reply.messages), len(reply.events)
    changed = [said, events, failed, reply.confidence, reply.confidence, snapshot, snapshot, events]
    return _MOVE, [*changed, message.conversation_id, lease, message.turn]


def _replies(message: Message, reply: Reply) -> list[Message]:
    """Their place in the conversation is not known yet."""
    now = timezone.now()
    replies = []
    for out in reply.messages:
        parts = {"buttons": list(out.buttons), "image": out.image, "attachment": out.attachment, "custom": out.custom}
        replies.append(
            Message(
                conversation_id=message.conversation_id,
                turn=message.turn,
                role=Message.Role.BOT,
                status=Message.Status.SENT,
                created=now,
                text=out.text,
                action=out.action[:255],
                content={name: part for name, part in parts.items() if part},
                model_version_id=message.model_version_id,
            )
        )
    return replies
