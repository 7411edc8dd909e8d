"""What staff read of one conversation: a window of its messages, each with what was made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conversations.models import Conversation, Message
from conversations.selectors import transcript

WINDOW = 200
RUNNERS_UP = 5


@dataclass(frozen=True)
class Guess:
    name: str
    confidence: float

    @property
    def percent(self) -> str:
        return f"{self.confidence:.0%}"


@dataclass(frozen=True)
class Button:
    """`says` is what it sends to the bot, or the address that it opens."""

    title: str
    says: str


@dataclass(frozen=True)
class Link:
    """`url` is empty where it is none that a browser should follow."""

    title: str
    url: str


@dataclass(frozen=True)
class Line:
    """One message, in words for the page."""

    message: Message

    @property
    def understood(self) -> Guess | None:
        return Guess(self.message.intent, self.message.confidence or 0.0) if self.message.intent else None

    @property
    def runners_up(self) -> list[Guess]:
        ranking = self.message.ranking or []
        guesses = [Guess(str(guess.get("name")), guess.get("confidence") or 0.0) for guess in ranking]
        return [guess for guess in guesses if guess.name != self.message.intent][:RUNNERS_UP]

    @property
    def entities(self) -> list[tuple[str, str]]:
        return [(str(entity.get("entity")), _in_words(entity.get("value"))) for entity in self.message.entities or []]

    @property
    def timings(self) -> list[tuple[str, float]]:
        """Milliseconds by stage, the slowest first."""
        return sorted((self.message.timings or {}).items(), key=lambda stage: -stage[1])

    @property
    def buttons(self) -> list[Button]:
        buttons = self._content.get("buttons") or []
        return [Button(str(it.get("title", "")), str(it.get("payload") or it.get("url") or "")) for it in buttons]

    @property
    def links(self) -> list[Link]:
        shown = [("Image", self._content.get("image")), ("Attachment", self._content.get("attachment"))]
        sources = self._content.get("citations") or []
        cited = [(source.get("title") or "Source", source.get("url")) for source in sources]
        return [_link(title, target) for title, target in [*shown, *cited] if target]

    @property
    def custom(self) -> str:
        return json.dumps(self._content["custom"], indent=2, ensure_ascii=False) if self._content.get("custom") else ""

    @property
    def _content(self) -> dict[str, Any]:
        return self.message.content or {}


@dataclass(frozen=True)
class Window:
    """Part of a conversation, oldest first. `earlier` and `later` are what `?before=` asks for next, if anything."""

    lines: Sequence[Line]
    earlier: int | None
    later: int | None
    newest: bool


def window(conversation: Conversation, before: int | None) -> Window:
    """The newest messages, or the newest before the one of that number."""
    lines = [Line(message) for message in transcript(conversation.pk, before, WINDOW)]
    first = lines[0].message.seq if lines else 1
    newest = before is None or before > conversation.last_seq
    return Window(lines, first if first > 1 else None, None if newest else (before or 0) + WINDOW, newest)


def _link(title: str, target: Any) -> Link:
    """Rasa's attachments are addresses, or objects that hold one. Only http(s) is for following."""
    if isinstance(target, dict):
        inner = target.get("payload")
        source = {**target, **(inner if isinstance(inner, dict) else {})}
        target = source.get("url") or source.get("src") or json.dumps(target, ensure_ascii=False)
    address = str(target)
    if address.lower().startswith(("https://", "http://")):
        return Link(title, address)
    return Link(f"{title}: {address}", "")


def _in_words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
