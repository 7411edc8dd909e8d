"""The first step: a message is stored, in order and once, before anything else happens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from assistant.lib import strict_json
from assistant.lib.database import Row, write_transaction
from conversations.errors import BadMessage, EmptyMessage, KeyReused, MessageTooLong
from conversations.models import Conversation, Message
from conversations.signals import messages_added, turn_received
from conversations.turns.columns import Columns
from conversations.turns.dialects import dialect
from training.selectors import production

MAX_KEY = 100
MAX_PAYLOAD = 1000
MAX_METADATA = 10_000

_COUNTED = Columns(Conversation, "id", "public_id", "last_seq", "last_turn")
_RECEIVED = Columns(Message, "role", "status", "text", "created", "client_id", "payload", "metadata")
# One statement locks the row, numbers the message and says which model is live.
_COUNT = f"""
UPDATE conversations_conversation SET last_seq = last_seq + 1, last_turn = last_turn + 1, last_active = %s
WHERE channel = %s AND external_id = %s
RETURNING {_COUNTED.select("conversations_conversation")}, (
    SELECT active_version_id FROM training_environment WHERE training_environment.id = environment_id
) AS live_version_id
"""  # noqa: S608  all ours


@dataclass(frozen=True)
class StoredMessage:
    """Where a message stands. `new` is False where its client id had been stored before."""

    conversation_id: int
    public_id: UUID
    seq: int
    turn: int
    new: bool


def receive(
    *,
    channel: str,
    external_id: str,
    text: str,
    client_id: str | None = None,
    payload: str = "",
    metadata: dict[str, Any] | None = None,
) -> StoredMessage:
    """Store a visitor's message and have it answered. The same `client_id` again is the same message.

    Raises BadMessage for what can't be stored: empty, too long, not text.
    """
    _check_sender(external_id)
    message = Message(
        role=Message.Role.USER,
        status=Message.Status.RECEIVED,
        text=_checked_text(text, payload),
        client_id=_short(client_id, MAX_KEY, "client id") or None,
        payload=_short(payload, MAX_PAYLOAD, "payload"),
        metadata=_checked_metadata(metadata or {}),
    )
    try:
        return _store(channel, external_id, message)
    except IntegrityError:  # the client id was there
        return _stored_before(channel, external_id, message) or _store(channel, external_id, message)


def open_conversation(*, channel: str, external_id: str, site: str = "", locale: str = "") -> Conversation:
    """The sender's conversation, begun now where there is none."""
    _check_sender(external_id)
    if not strict_json.is_storable_text(site) or not strict_json.is_storable_text(locale):
        raise BadMessage("Site and locale are texts in UTF-8, without NUL.")
    conversation, _ = Conversation.objects.get_or_create(
        channel=channel,
        external_id=external_id,
        defaults={
            "environment": production(),
            "site": site[:255],
            "locale": locale[:20],
            "last_active": timezone.now(),
        },
    )
    return conversation


def _store(channel: str, external_id: str, message: Message) -> StoredMessage:
    message.created = timezone.now()
    row = _insert(channel, external_id, message)
    while row is None:  # the sender's first message; others may begin the conversation at this moment
        new = Conversation(
            channel=channel, external_id=external_id, environment=production(), last_active=message.created
        )
        with write_transaction():
            Conversation.objects.bulk_create([new], ignore_conflicts=True)
            row = _insert(channel, external_id, message)
    conversation = _COUNTED.instance(row)
    conversation.channel, conversation.external_id, conversation.last_active = channel, external_id, message.created
    message.pk, message.conversation, message.model_version_id = row["message_id"], conversation, row["live_version_id"]
    message.seq, message.turn = conversation.last_seq, conversation.last_turn

    def notify() -> None:
        messages_added.send_robust(Conversation, conversation=conversation, messages=[message])  # before its answer
        turn_received.send_robust(Conversation, conversation_id=conversation.pk)

    transaction.on_commit(notify)
    return StoredMessage(conversation.pk, conversation.public_id, message.seq, message.turn, new=True)


def _insert(channel: str, external_id: str, message: Message) -> Row | None:
    """None where the sender has no conversation yet."""
    now = connection.ops.adapt_datetimefield_value(message.created)
    text, values = _RECEIVED.insert(
        [vars(message)],
        conversation_id="conversation.id",
        seq="conversation.last_seq",
        turn="conversation.last_turn",
        model_version_id="conversation.live_version_id",
    )
    stored = f"{text} RETURNING id AS message_id", values
    return dialect.run_step((_COUNT, [now, channel, external_id]), result=stored)


def _stored_before(channel: str, external_id: str, message: Message) -> StoredMessage | None:
    """What was stored under this client id."""
    rows = Message.objects.select_related("conversation").filter(client_id=message.client_id)
    stored = rows.filter(conversation__channel=channel, conversation__external_id=external_id).first()
    if stored is None or message.client_id is None:
        return None
    if (stored.text, stored.payload) != (message.text, message.payload):
        raise KeyReused("This id was used before for another message.")
    conversation, turn = stored.conversation, stored.turn or 0
    if conversation.answered_turn < turn:  # whoever sends again waits for an answer: the task may have been lost
        turn_received.send_robust(Conversation, conversation_id=conversation.pk)
    return StoredMessage(conversation.pk, conversation.public_id, stored.seq, turn, new=False)


def _check_sender(external_id: str) -> None:
    if not strict_json.is_storable_text(external_id) or not 0 < len(external_id) <= 255:
        raise BadMessage("A sender is a text of 1 to 255 characters.", code="bad_sender")


def _checked_text(text: str, payload: str) -> str:
    if not strict_json.is_storable_text(text):
        raise BadMessage("A message is a text in UTF-8, without NUL.", code="not_text")
    if not text.strip() and not payload:
        raise EmptyMessage("The message is empty.")
    if len(text) > settings.MESSAGE_MAX_CHARS:
        raise MessageTooLong(f"A message has at most {settings.MESSAGE_MAX_CHARS} characters.")
    return text


def _short(text: str | None, limit: int, what: str) -> str:
    if text and (not strict_json.is_storable_text(text) or len(text) > limit):
        raise BadMessage(f"The {what} is a text of at most {limit} characters.", code="bad_message")
    return text or ""


def _checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(metadata, dict) or not strict_json.is_storable(metadata):
        raise BadMessage(
            "The metadata have something that can't be kept: NUL, half an emoji, infinity or too much depth."
        )
    if len(json.dumps(metadata, ensure_ascii=False)) > MAX_METADATA:
        raise BadMessage(f"The metadata have at most {MAX_METADATA} characters in all.")
    return metadata
