"""Messages as the channels show them."""

from __future__ import annotations

from typing import Any

from conversations.models import Message


def message_payload(message: Message, newest_seq: int) -> dict[str, Any]:
    """The websocket's `message`. `id` is the sender's own, for the visitor's messages."""
    content = message.content or {}
    return {
        "type": "message",
        "seq": message.seq,
        "role": message.role,
        "text": message.text,
        "buttons": content.get("buttons", []),
        "citations": content.get("citations", []),
        "attachments": [{"type": "image", "url": content["image"]}] if content.get("image") else [],
        "time": message.created.isoformat(),
        "feedback": message.feedback or None,
        "newest_seq": newest_seq,
        **({"id": message.client_id} if message.client_id else {}),
    }


def rest_payload(message: Message) -> dict[str, Any]:
    """Rasa's REST channel, without the recipient: only the parts that are there."""
    content = message.content or {}
    parts = {"text": message.text, **{name: content.get(name) for name in ("buttons", "image", "attachment", "custom")}}
    return {name: part for name, part in parts.items() if part}
