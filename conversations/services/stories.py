"""A conversation as one of Rasa's end-to-end test stories: what was said, what it meant, what the bot did.

Where staff corrected an intent, theirs is the one that stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from conversations.models import Conversation, Event, Message
from training.assembling.markup import marked
from training.validation import without_overlaps

QUIET = {"action_listen", "action_session_start", "action_extract_slots", "action_unlikely_intent"}
INNER_SLOTS = {"session_started_metadata", "requested_slot"}
Step = dict[str, Any]


def story_of(conversation: Conversation, messages: Sequence[Message], events: Sequence[Event]) -> bytes:
    """One item of `stories:`; empty where the bot has done nothing yet."""
    right = {message.turn: message for message in messages if message.role == Message.Role.USER}
    steps = [step for event in events for step in _steps(event, right.get(event.turn))]
    if not steps:
        return b""
    story = {"story": f"{conversation.channel} {conversation.public_id}", "steps": steps}
    return yaml.safe_dump([story], allow_unicode=True, sort_keys=False, width=10_000).encode(errors="replace")


def _steps(event: Event, message: Message | None) -> Iterator[Step]:
    data = event.data
    kind = data.get("event")
    if kind == "user":
        yield from _said(data, message)
    elif kind == "action" and data.get("name") not in QUIET and data.get("name"):
        yield {"action": data["name"]}
    elif kind == "slot" and data.get("name") not in INNER_SLOTS:
        yield {"slot_was_set": [{data["name"]: data.get("value")}]}
    elif kind == "active_loop":
        yield {"active_loop": data.get("name")}


def _said(data: dict[str, Any], message: Message | None) -> Iterator[Step]:
    parsed = data.get("parse_data") or {}
    intent = (parsed.get("intent") or {}).get("name") or ""
    entities = parsed.get("entities") or []
    judged = getattr(message, "annotation", None)
    if judged is not None and judged.verdict:
        intent, entities = judged.intent, judged.entities
    text = data.get("text") or ""
    if text and intent:
        yield {"user": _marked(text, entities), "intent": intent}


def _marked(text: str, entities: Sequence[dict[str, Any]]) -> str:
    """`a table for [two](number)`, with those that stand at a place in the text."""
    return marked(text, without_overlaps([entity for entity in entities if _stands_in(text, entity)]))


def _stands_in(text: str, entity: dict[str, Any]) -> bool:
    start, end = entity.get("start"), entity.get("end")
    placed = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
    return placed and isinstance(entity.get("entity"), str)
