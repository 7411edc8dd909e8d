"""What a widget may send: the fields of each frame, and how often one socket may send it. Nothing reads a frame before
it was held against this."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assistant.lib.errors import FrontdeskError
from assistant.lib.throttles import Rate

MAX_BYTES = 64_000
MAX_ID = 100  # characters of a client's own id of a message


class BadFrame(FrontdeskError):
    code = "bad_frame"


@dataclass(frozen=True)
class Text:
    """Of at most `limit` characters. What is longer is refused, or cut where nothing depends on its end."""

    limit: int
    cut: bool = False

    def checked(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or (len(value) > self.limit and not self.cut):
            raise BadFrame(f"{name} is a text of at most {self.limit} characters.")
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise BadFrame(f"{name} has characters that are no text.", code="not_text")
        return value[: self.limit]


@dataclass(frozen=True)
class Number:
    def checked(self, name: str, value: Any) -> int:
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise BadFrame(f"{name} is a whole number.")
        return value


@dataclass(frozen=True)
class Shape:
    """`often` is for one socket. Fields that are not named here are not looked at: widgets of other versions exist."""

    often: Rate
    fields: dict[str, Text | Number]


_ID = Text(MAX_ID)
SHAPES = {
    "hello": Shape(
        Rate(8, 60),
        {"visitor": Text(300), "site": Text(255, cut=True), "locale": Text(20, cut=True), "last_seq": Number()},
    ),
    # How many messages a visitor may send, RATE_LIMIT_VISITOR says, for all their sockets.
    "message": Shape(Rate(100, 10), {"text": Text(settings.MESSAGE_MAX_CHARS * 4), "payload": Text(1000)}),
    "typing": Shape(Rate(30, 30), {}),
    "fetch": Shape(Rate(20, 20), {"after_seq": Number()}),
    "feedback": Shape(Rate(20, 20), {"seq": Number(), "value": Text(10), "reason": Text(1000)}),
    "handoff": Shape(Rate(5, 60), {}),
    "ping": Shape(Rate(20, 20), {}),
}


@dataclass(frozen=True)
class Frame:
    """All fields of its shape are there. `id` is the client's own id of a message, so that an error can name it."""

    type: str
    id: str | None
    fields: dict[str, Any]

    def text(self, name: str) -> str:
        return str(self.fields[name])

    def number(self, name: str) -> int:
        return int(self.fields[name])


def parse(text: str | None, data: bytes | None) -> Frame:
    """Raises BadFrame for anything but a frame of a known shape. The error has the `id` and type of the frame, where
    these could be read."""
    raw = text if text is not None else _utf8(data or b"")
    if len(raw) > MAX_BYTES:
        raise BadFrame("This is too large.", code="too_long")
    try:
        value = json.loads(raw, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BadFrame("This is not JSON.", code="bad_json") from None
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in SHAPES:
        raise BadFrame("A frame is an object with a type that exists.", code="unknown_type", id=_id_of(value))
    try:
        client_id = _ID.checked("id", value.get("id")) or None
        fields = {name: field.checked(name, value.get(name)) for name, field in SHAPES[kind].fields.items()}
    except BadFrame as error:
        error.extra |= {"id": _id_of(value), "of": kind}
        raise
    return Frame(kind, client_id, fields)


def _id_of(value: Any) -> str | None:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and len(found) <= MAX_ID and found.isprintable() else None


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadFrame("This is not UTF-8.", code="bad_json") from None


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
