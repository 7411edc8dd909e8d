"""Conversations as files, written while they are read: none of them is ever in memory as a whole."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from assistant.lib import audit
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Event, Message, Note
from conversations.services.stories import story_of

AT_ONCE = 50  # conversations that are read together
JSON, CSV, RASA = "json", "csv", "rasa"
FILES = {
    JSON: ("conversations.json", "application/json"),
    CSV: ("conversations.csv", "text/csv; charset=utf-8"),
    RASA: ("test_conversations.yml", "application/yaml"),
}
"""Name and content type of the file, by format."""
COLUMNS = (
    "conversation",
    "channel",
    "sender",
    "seq",
    "time",
    "role",
    "text",
    "intent",
    "confidence",
    "verdict",
    "right_intent",
    "action",
    "status",
    "model",
)
# What spreadsheets begin to compute at, behind what they pass over; and where a cell of theirs may begin: they split
# at semicolons or tabs, too, as the user's country has it, and know quotes at the beginning of a cell only.
_FORMULA = r'[\s"\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]'  # noqa: RUF001
_BEGINS = re.compile(rf"(?={_FORMULA}|[\t\r\n])")
_BEGINS_INSIDE = re.compile(rf"(?<=[;|\t\r\n\v\f\x85\u2028\u2029])(?={_FORMULA})")
Batch = Sequence[Conversation]


def export_conversations(
    *, conversations: QuerySet[Conversation], format: str, by: AbstractBaseUser | None
) -> Iterator[bytes]:
    """Newest first, in pieces. `json`: an array of conversations with their messages and events. `csv`: a line for each
    message. `rasa`: Rasa's end-to-end test stories. Raises FrontdeskError (`bad_format`) for any other format."""
    writers: dict[str, Callable[[Iterator[Batch]], Iterator[bytes]]] = {JSON: _json, CSV: _csv, RASA: _rasa}
    if format not in writers:
        raise FrontdeskError("The format is json, csv or rasa.", code="bad_format")
    ids = list(conversations.order_by("-last_active", "-id").values_list("pk", flat=True))
    if by is not None:
        audit.record(by, {f"exported as {format}": (None, len(ids))}, by=by, action=audit.ACCESSED)
    return writers[format](_batches(ids))


def _batches(ids: Sequence[int]) -> Iterator[Batch]:
    rows = Conversation.objects.select_related("reviewed_by").prefetch_related("tags").defer("snapshot")
    for start in range(0, len(ids), AT_ONCE):
        found = rows.in_bulk(ids[start : start + AT_ONCE])
        yield [found[pk] for pk in ids[start : start + AT_ONCE] if pk in found]


def _messages(batch: Batch) -> dict[int, list[Message]]:
    rows = Message.objects.filter(conversation__in=batch).select_related("model_version", "annotation")
    return _by_conversation(batch, rows.order_by("conversation_id", "seq"))


def _events(batch: Batch) -> dict[int, list[Event]]:
    return _by_conversation(batch, Event.objects.filter(conversation__in=batch).order_by("conversation_id", "position"))


def _notes(batch: Batch) -> dict[int, list[Note]]:
    rows = Note.objects.filter(conversation__in=batch).select_related("message", "by")
    return _by_conversation(batch, rows.order_by("created", "id"))


def _by_conversation(batch: Batch, rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {row.pk: [] for row in batch}
    for row in rows:
        found[row.conversation_id].append(row)
    return found


# --- JSON


def _json(batches: Iterator[Batch]) -> Iterator[bytes]:
    before = "[\n"
    for batch in batches:
        messages, events, notes = _messages(batch), _events(batch), _notes(batch)
        for row in batch:
            whole = {
                **_facts(row),
                "notes": [_note(note) for note in notes[row.pk]],
                "messages": [_whole(message) for message in messages[row.pk]],
                "events": [event.data for event in events[row.pk]],
            }
            yield (before + json.dumps(whole)).encode()
            before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def _facts(row: Conversation) -> dict[str, Any]:
    return {
        "id": str(row.public_id),
        "channel": row.channel,
        "sender": row.external_id,
        "state": row.state,
        "site": row.site,
        "locale": row.locale,
        "created": row.created.isoformat(),
        "last_active": row.last_active.isoformat(),
        "tags": [tag.name for tag in row.tags.all()],
        "reviewed_turn": row.reviewed_turn,
        "reviewed_at": row.reviewed_at.isoformat() if row.reviewed_at else None,
        "reviewed_by": _name(row.reviewed_by),
        "saved_for_later": row.saved_for_later,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "seq": note.message.seq if note.message else None,
        "text": note.text,
        "by": _name(note.by),
        "time": note.created.isoformat(),
    }


def _name(user: Any) -> str | None:
    return user.get_username() if user else None


def _whole(message: Message) -> dict[str, Any]:
    """With what no line of a table holds."""
    return {
        **_message(message),
        "turn": message.turn,
        "payload": message.payload,
        "metadata": message.metadata,
        "ranking": message.ranking or [],
        "timings": message.timings or {},
        "error": message.error,
        "feedback_reason": message.feedback_reason,
    }


def _message(message: Message) -> dict[str, Any]:
    judged = getattr(message, "annotation", None)
    return {
        "seq": message.seq,
        "time": message.created.isoformat(),
        "role": message.role,
        "status": message.status,
        "text": message.text,
        "content": message.content,
        "intent": message.intent,
        "confidence": message.confidence,
        "entities": message.entities or [],
        "action": message.action,
        "model": message.model_version.name if message.model_version else "",
        "feedback": message.feedback,
        "verdict": judged.verdict if judged else "",
        "right_intent": judged.intent if judged else "",
        "right_entities": judged.entities if judged else [],
        "flagged": bool(judged and judged.flagged),
    }


# --- CSV


def _csv(batches: Iterator[Batch]) -> Iterator[bytes]:
    yield _lines([COLUMNS])
    for batch in batches:
        messages = _messages(batch)
        for row in batch:
            yield _lines([_cells(row, message) for message in messages[row.pk]])


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode(errors="replace")


def _cells(row: Conversation, message: Message) -> list[Any]:
    said = _message(message)
    named = {**said, "conversation": row.public_id, "channel": row.channel, "sender": row.external_id}
    return [named[column] for column in COLUMNS]


def _harmless(cell: Any) -> Any:
    """A spreadsheet shows a text that begins with an apostrophe, and computes one that begins with an equals sign. JSON
    has the text as it was said."""
    if not isinstance(cell, str):
        return cell
    inside = _BEGINS_INSIDE.sub("'", cell)
    return f"'{inside}" if _BEGINS.match(cell) else inside


# --- Rasa


def _rasa(batches: Iterator[Batch]) -> Iterator[bytes]:
    yield b'version: "3.1"\n'
    before = b"stories:\n"
    for batch in batches:
        messages, events = _messages(batch), _events(batch)
        for row in batch:
            if story := story_of(row, messages[row.pk], events[row.pk]):
                yield before + story
                before = b""
    if before:
        yield b"stories: []\n"
