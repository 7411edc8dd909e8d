"""Conversations as files, written while they are read: none of them is ever in memory as a whole."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from assistant.engine.entity_markup import write_markup
from assistant.lib import audit
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Event, Message, Note
from training.validation import without_overlaps

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
# What Rasa does by itself: a story does not name it.
IMPLICIT_ACTIONS = {"action_listen", "action_session_start", "action_extract_slots", "action_unlikely_intent"}
IMPLICIT_SLOTS = {"session_started_metadata", "requested_slot"}
Batch = Sequence[Conversation]
Step = dict[str, Any]


def export_conversations(
    *, conversations: QuerySet[Conversation], format: str, by: AbstractBaseUser | None
) -> Iterator[bytes]:
    """Newest first, in pieces. `json`: an array of conversations with their messages and events. `csv`: a line for each
    message. `rasa`: Rasa's end-to-end test stories. Raises FrontdeskError (`bad_format`) for any other format."""
    writers: dict[str, Callable[[Iterator[Batch]], Iterator[bytes]]] = {JSON: _json, CSV: _csv, RASA: _rasa}
    if format not in writers:
        raise FrontdeskError("The format is json, csv or rasa.", code="bad_format")
    # Keys only: the rows are read batch by batch, while the file is being sent.
    ids = list(conversations.order_by("-last_active", "-id").values_list("pk", flat=True))
    if by is not None:
        audit.record(by, {f"exported as {format}": (None, len(ids))}, by=by, action=audit.ACCESSED)
    return writers[format](_batches(ids))


def story_of(conversation: Conversation, messages: Sequence[Message], events: Sequence[Event]) -> bytes:
    """One item of Rasa's `stories:`: what was said, what it meant, what the bot did. Where staff corrected an intent,
    theirs is the one that is written. Empty where the bot has done nothing yet."""
    by_turn = {message.turn: message for message in messages if message.role == Message.Role.USER}
    steps = [step for event in events for step in _steps(event.data, by_turn.get(event.turn))]
    if not steps:
        return b""
    story = {"story": f"{conversation.channel} {conversation.public_id}", "steps": steps}
    return yaml.safe_dump([story], allow_unicode=True, sort_keys=False, width=10_000).encode(errors="replace")


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


def _by_conversation(batch: Batch, rows: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {row.pk: [] for row in batch}
    for row in rows:
        found[row.conversation_id].append(row)
    return found


def _json(batches: Iterator[Batch]) -> Iterator[bytes]:
    separator = "[\n"
    for batch in batches:
        messages, events = _messages(batch), _events(batch)
        notes = Note.objects.filter(conversation__in=batch).select_related("message", "by").order_by("created", "id")
        notes_of = _by_conversation(batch, notes)
        for row in batch:
            whole = {
                **_conversation(row),
                "notes": [_note(note) for note in notes_of[row.pk]],
                "messages": [_message(message) for message in messages[row.pk]],
                "events": [event.data for event in events[row.pk]],
            }
            yield (separator + json.dumps(whole)).encode()
            separator = ",\n"
    yield b"[]\n" if separator == "[\n" else b"\n]\n"


def _conversation(row: Conversation) -> dict[str, Any]:
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
        "reviewed_by": row.reviewed_by.get_username() if row.reviewed_by else None,
        "saved_for_later": row.saved_for_later,
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "seq": note.message.seq if note.message else None,
        "text": note.text,
        "by": note.by.get_username() if note.by else None,
        "time": note.created.isoformat(),
    }


def _message(message: Message) -> dict[str, Any]:
    annotation = getattr(message, "annotation", None)
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
        "verdict": annotation.verdict if annotation else "",
        "right_intent": annotation.intent if annotation else "",
        "right_entities": annotation.entities if annotation else [],
        "flagged": bool(annotation and annotation.flagged),
        # From here on in JSON only: no line of a table has room for it.
        "turn": message.turn,
        "payload": message.payload,
        "metadata": message.metadata,
        "ranking": message.ranking or [],
        "timings": message.timings or {},
        "error": message.error,
        "feedback_reason": message.feedback_reason,
    }


def _csv(batches: Iterator[Batch]) -> Iterator[bytes]:
    yield _csv_lines([COLUMNS])
    for batch in batches:
        messages = _messages(batch)
        for row in batch:
            same = {"conversation": row.public_id, "channel": row.channel, "sender": row.external_id}
            lines = [{**_message(message), **same} for message in messages[row.pk]]
            yield _csv_lines([[line[column] for column in COLUMNS] for line in lines])


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode(errors="replace")


def _harmless(cell: Any) -> Any:
    """A spreadsheet shows a text that begins with an apostrophe, and computes one that begins with an equals sign. JSON
    has the text as it was said."""
    if not isinstance(cell, str):
        return cell
    inside = _BEGINS_INSIDE.sub("'", cell)
    return f"'{inside}" if _BEGINS.match(cell) else inside


def _rasa(batches: Iterator[Batch]) -> Iterator[bytes]:
    yield b'version: "3.1"\n'
    heading = b"stories:\n"
    for batch in batches:
        messages, events = _messages(batch), _events(batch)
        for row in batch:
            if story := story_of(row, messages[row.pk], events[row.pk]):
                yield heading + story
                heading = b""
    if heading:
        yield b"stories: []\n"


def _steps(event: dict[str, Any], message: Message | None) -> Iterator[Step]:
    """What a story says of one of Rasa's events; `message` is the visitor's of that turn."""
    kind = event.get("event")
    if kind == "user":
        yield from _user_step(event, message)
    elif kind == "action" and event.get("name") not in IMPLICIT_ACTIONS and event.get("name"):
        yield {"action": event["name"]}
    elif kind == "slot" and event.get("name") not in IMPLICIT_SLOTS:
        yield {"slot_was_set": [{event["name"]: event.get("value")}]}
    elif kind == "active_loop":
        yield {"active_loop": event.get("name")}


def _user_step(event: dict[str, Any], message: Message | None) -> Iterator[Step]:
    parsed = event.get("parse_data") or {}
    intent = (parsed.get("intent") or {}).get("name") or ""
    entities = parsed.get("entities") or []
    annotation = getattr(message, "annotation", None)
    if annotation is not None and annotation.verdict:
        intent, entities = annotation.intent, annotation.entities
    text = event.get("text") or ""
    if text and intent:
        in_text = [entity for entity in entities if _is_in_text(text, entity)]
        # As Rasa marks them: `a table for [two](number)`
        yield {"user": write_markup(text, without_overlaps(in_text)), "intent": intent}


def _is_in_text(text: str, entity: dict[str, Any]) -> bool:
    start, end = entity.get("start"), entity.get("end")
    placed = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
    return placed and isinstance(entity.get("entity"), str)
