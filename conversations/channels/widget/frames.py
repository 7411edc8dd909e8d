"""What a widget may send: the fields of each type of frame, and how often one socket may send it. Nothing reads a
frame before it was checked against this."""

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
    """No frame of a known type."""

    code = "bad_frame"


@dataclass(frozen=True)
class TextField:
    """A text of at most `limit` characters. What is longer is refused, or cut where nothing depends on its end."""

    limit: int
    cut: bool = False

    def clean(self, name: str, value: Any) -> str:
        """The value as the frame has it. Raises BadFrame, which names the field."""
        if value is None:
            return ""
        if not isinstance(value, str) or (len(value) > self.limit and not self.cut):
            raise BadFrame(f"{name} is a text of at most {self.limit} characters.")
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise BadFrame(f"{name} has characters that are no text.", code="not_text")
        return value[: self.limit]


@dataclass(frozen=True)
class NumberField:
    """A whole number that the database can hold, 0 where it is left out."""

    def clean(self, name: str, value: Any) -> int:
        """The value as the frame has it. Raises BadFrame, which names the field."""
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise BadFrame(f"{name} is a whole number.")
        return value


@dataclass(frozen=True)
class FrameType:
    """`rate` is for one socket. Fields that are not named here are ignored: widgets of other versions exist."""

    rate: Rate
    fields: dict[str, TextField | NumberField]


_ID = TextField(MAX_ID)
FRAME_TYPES = {
    "hello": FrameType(
        Rate(8, 60),
        {
            "visitor": TextField(300),
            "site": TextField(255, cut=True),
            "locale": TextField(20, cut=True),
            "last_seq": NumberField(),
        },
    ),
    # How many messages a visitor may send from all their sockets is RATE_LIMIT_VISITOR's to say.
    "message": FrameType(
        Rate(100, 10), {"text": TextField(settings.MESSAGE_MAX_CHARS * 4), "payload": TextField(1000)}
    ),
    "typing": FrameType(Rate(30, 30), {}),
    "fetch": FrameType(Rate(20, 20), {"after_seq": NumberField()}),
    "feedback": FrameType(Rate(20, 20), {"seq": NumberField(), "value": TextField(10), "reason": TextField(1000)}),
    "handoff": FrameType(Rate(5, 60), {}),
    "ping": FrameType(Rate(20, 20), {}),
}


@dataclass(frozen=True)
class Frame:
    """All fields of its type are there. `id` is the client's own id of a message, so that an error can name it."""

    type: str
    id: str | None
    fields: dict[str, Any]

    def text(self, name: str) -> str:
        """Of a TextField."""
        return str(self.fields[name])

    def number(self, name: str) -> int:
        """Of a NumberField."""
        return int(self.fields[name])


def parse_frame(text: str | None, data: bytes | None) -> Frame:
    """Raises BadFrame for anything but a frame of a known type. The error has the `id` and type of the frame, where
    these could be read."""
    try:
        raw = text if text is not None else (data or b"").decode()
        if len(raw) > MAX_BYTES:
            raise BadFrame("This is too large.", code="too_long")
        value = json.loads(raw, parse_constant=_refuse_number, parse_float=_finite)
    except UnicodeDecodeError:
        raise BadFrame("This is not UTF-8.", code="bad_json") from None
    except (ValueError, RecursionError):
        raise BadFrame("This is not JSON.", code="bad_json") from None
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in FRAME_TYPES:
        raise BadFrame("A frame is an object with a type that exists.", code="unknown_type", id=_client_id(value))
    try:
        client_id = _ID.clean("id", value.get("id")) or None
        fields = {name: field.clean(name, value.get(name)) for name, field in FRAME_TYPES[kind].fields.items()}
    except BadFrame as error:
        error.extra |= {"id": _client_id(value), "of": kind}
        raise
    return Frame(kind, client_id, fields)


def _client_id(value: Any) -> str | None:
    """For an error: only what can be sent back and shown."""
    client_id = value.get("id") if isinstance(value, dict) else None
    is_fine = isinstance(client_id, str) and len(client_id) <= MAX_ID and client_id.isprintable()
    return client_id if is_fine else None


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_number(digits)


def _refuse_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
