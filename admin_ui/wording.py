"""Entries of the audit log in words, and what changed as marked text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml
from auditlog.models import LogEntry

CREATED, CHANGED, DELETED, SEEN = (
    LogEntry.Action.CREATE,
    LogEntry.Action.UPDATE,
    LogEntry.Action.DELETE,
    LogEntry.Action.ACCESS,
)
Pieces = list[tuple[str, bool]]
"""A text in pieces, and which of them are not on the other side."""

# What one changed field means, by model. Else the action and the model's name say it.
_FIELDS: dict[tuple[str, str], str | dict[Any, str]] = {
    ("annotation", "verdict"): {
        "corrected": "corrected an intent",
        "correct": "confirmed an intent",
        "": "took a verdict back",
    },
    ("annotation", "flagged"): {True: "flagged a message", False: "took a flag back"},
    ("conversation", "tags"): "tagged a conversation",
    ("conversation", "note"): {"": "deleted a note", None: "wrote a note"},
    ("conversation", "saved for later"): {
        True: "saved a conversation for later",
        False: "took a conversation off the later list",
    },
    ("conversation", "state"): {
        "bot": "took care of who waited for a person",
        "waiting": "let somebody wait for a person again",
    },
    ("conversation", "reviewed messages"): {
        0: "marked a conversation as not reviewed",
        None: "marked a conversation as reviewed",
    },
    ("environment", "active_version"): "put a model live",
    ("job", "cancel_asked"): "cancelled a job",
    ("job", "kind"): {
        "evaluate": "asked for an evaluation",
        "cross_validate": "asked for a cross-validation",
        "train": "asked for a training",
        "check_upload": "had an upload checked",
        "replay": "asked for a replay",
        None: "asked for a job",
    },
    ("modelversion", "downloaded"): "downloaded a model",
    ("modelversion", "training_set"): "asked for a training",
    ("modelversion", "sha256"): "uploaded a model",
    ("modelversion", "note"): "described a model",
    ("replay", "versions"): "asked for a replay",
    ("retention", "days"): "changed how long conversations are kept",
    ("retention", "keep_marked"): "changed how long conversations are kept",
    ("intent", "merged_into"): "merged an intent into another",
    ("intent", "answer"): "changed the answer of an intent",
    ("user", "password"): "gave a new password",
    ("user", "role"): "changed a role",
    ("user", "examples of deleted conversations"): "deleted examples with their conversations",
}
_SAID_AT_ONCE = {"training_set", "sha256", "merged_into", "kind", "versions"}  # of what is new
_VERBS = {CREATED: "added", CHANGED: "changed", DELETED: "deleted", SEEN: "looked at"}
_NAMES = {
    "logentry": "what was stored of a person",
    "modelversion": "a model",
    "user": "a colleague",
    "example": "an example",
    "intent": "an intent",
}
_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Difference:
    """One field. Where a side is None there was nothing."""

    field: str
    before: Pieces | None
    after: Pieces | None


def sentence(entry: LogEntry) -> str:
    """`corrected an intent`. Follows the name of who did it."""
    model = entry.content_type.model
    for field, (_before, after) in _changes(entry).items():
        if field.startswith("exported as "):
            some = "1 conversation" if after == 1 else f"{after} conversations"
            return f"exported {some} as {field.removeprefix('exported as ')}"
        if entry.action in {CHANGED, SEEN} or field in _SAID_AT_ONCE:
            meant = _FIELDS.get((model, field))
            if isinstance(meant, dict):
                return meant.get(after) or meant.get(None) or f"changed {field}"
            if meant:
                return meant
    return f"{_VERBS[entry.action]} {_NAMES.get(model) or _a(entry.content_type.name)}"


def differences(entry: LogEntry) -> list[Difference]:
    """What the sentence says already is left out."""
    said = {"kind"} if entry.content_type.model == "job" else set()
    return [_difference(name.replace("_", " "), *sides) for name, sides in _changes(entry).items() if name not in said]


def _changes(entry: LogEntry) -> dict[str, Sequence[Any]]:
    found = entry.changes if isinstance(entry.changes, dict) else {}
    return {name: sides for name, sides in found.items() if isinstance(sides, list) and len(sides) == 2}


def _difference(field: str, before: Any, after: Any) -> Difference:
    old, new = _text(before), _text(after)
    if old is None or new is None:
        return Difference(field, _plain(old), _plain(new))
    olds, news = _WORDS.findall(old), _WORDS.findall(new)
    left: Pieces = []
    right: Pieces = []
    for kind, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        left += [("".join(olds[a:b]), kind != "equal")] if b > a else []
        right += [("".join(news[c:d]), kind != "equal")] if d > c else []
    return Difference(field, left, right)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value) or None
    return value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    """Lists and objects as YAML, which reads like notes."""
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).removesuffix("\n...\n").strip()


def _plain(text: str | None) -> Pieces | None:
    return None if text is None else [(text, False)]


def _a(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
