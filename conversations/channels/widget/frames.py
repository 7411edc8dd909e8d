"""What a widget may send, checked: one small class per frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from assistant.lib.errors import FrontdeskError

MAX_BYTES = 64_000


class BadFrame(FrontdeskError):
    code = "bad_frame"


@dataclass(frozen=True)
class Frame:
    """`id` is the client's own id of a message, so that an error can name it."""

    type: str
    fields: dict[str, Any]

    @property
    def id(self) -> str | None:
        value = self.fields.get("id")
        return value if isinstance(value, str) else None

    def text(self, name: str, limit: int = 300) -> str:
        value = self.fields.get(name) or ""
        if not isinstance(value, str) or len(value) > limit:
            raise BadFrame(f"{name} is a text of at most {limit} characters.")
        return value

    def number(self, name: str) -> int:
        value = self.fields.get(name) or 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise BadFrame(f"{name} is a whole number.")
        return value


def parse(text: str | None, data: bytes | None) -> Frame:
    """Raises BadFrame for anything but a JSON object with a type."""
    raw = text if text is not None else _utf8(data or b"")
    if len(raw) > MAX_BYTES:
        raise BadFrame("This is too large.", code="too_long")
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadFrame("This is not JSON.", code="bad_json") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise BadFrame("A frame is an object with a type.", code="unknown_type")
    return Frame(value["type"], value)


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadFrame("This is not UTF-8.", code="bad_json") from None
