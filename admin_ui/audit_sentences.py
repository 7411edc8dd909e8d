"""Entries of the audit log in words, and what changed as marked text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml
from auditlog.models import LogEntry

from assistant.lib.audit_phrases import phrases_of

ACTIONS = {
    LogEntry.Action.CREATE: "added",
    LogEntry.Action.UPDATE: "changed",
    LogEntry.Action.DELETE: "deleted",
    LogEntry.Action.ACCESS: "looked at",
}
Pieces = list[tuple[str, bool]]
"""A text in pieces, and which of them are not on the other side."""

_WORDS_AND_SPACES = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Difference:
    """One field. Where a side is None there was nothing."""

    field: str
    before: Pieces | None
    after: Pieces | None


def sentence(entry: LogEntry) -> str:
    """`corrected an intent`. Follows the name of who did it."""
    phrases = phrases_of(entry.content_type.model)
    # What was added or deleted has many fields: the action says more than any of them, but for a few.
    is_change = entry.action in {LogEntry.Action.UPDATE, LogEntry.Action.ACCESS}
    for field, (_before, after) in _changes(entry).items():
        if field.startswith("exported as "):  # of several conversations, so of no model's field
            some = "1 conversation" if after == 1 else f"{after} conversations"
            return f"exported {some} as {field.removeprefix('exported as ')}"
        if is_change or field in phrases.said_of_any_action:
            phrase = phrases.fields.get(field)
            if isinstance(phrase, str):
                return phrase
            if phrase:
                return phrase.get(after) or phrase.get(None) or f"changed {field}"
    name = entry.content_type.name
    article = "an" if name[:1].lower() in "aeiou" else "a"
    return f"{ACTIONS[entry.action]} {phrases.name or f'{article} {name}'}"


def differences(entry: LogEntry) -> list[Difference]:
    """What the sentence says already is left out."""
    hidden = phrases_of(entry.content_type.model).hidden
    return [
        Difference(field.replace("_", " "), *_marked(_text(before), _text(after)))
        for field, (before, after) in _changes(entry).items()
        if field not in hidden
    ]


def _changes(entry: LogEntry) -> dict[str, Sequence[Any]]:
    """Before and after by field. Entries that another version or library wrote may look otherwise."""
    changes = entry.changes if isinstance(entry.changes, dict) else {}
    return {name: sides for name, sides in changes.items() if isinstance(sides, list) and len(sides) == 2}


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value) or None
    if isinstance(value, str):
        return value
    # Lists and objects as YAML, which reads like notes.
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).removesuffix("\n...\n").strip()


def _marked(before: str | None, after: str | None) -> tuple[Pieces | None, Pieces | None]:
    """Both sides, word by word."""
    if before is None or after is None:
        return (None if before is None else [(before, False)]), (None if after is None else [(after, False)])
    olds, news = _WORDS_AND_SPACES.findall(before), _WORDS_AND_SPACES.findall(after)
    left: Pieces = []
    right: Pieces = []
    # autojunk would take frequent words for noise in long texts.
    for kind, a, b, c, d in SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        left += [("".join(olds[a:b]), kind != "equal")] if b > a else []
        right += [("".join(news[c:d]), kind != "equal")] if d > c else []
    return left, right
