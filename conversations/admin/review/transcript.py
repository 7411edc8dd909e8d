"""What staff read of one conversation: a window of its messages, each with its annotation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assistant.lib.highlighting import Piece, highlight, value_as_text
from conversations.models import Annotation, Conversation, Message
from conversations.models.conversations import UNSURE
from conversations.selectors import review
from training.selectors import same_text

WINDOW = 100
AROUND = 40  # messages after the one that a window was opened at
RUNNERS_UP = 5
FALLBACK = "nlu_fallback"


@dataclass(frozen=True)
class Guess:
    """An intent that the model considered."""

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

    @classmethod
    def of(cls, title: str, target: Any) -> Link:
        """Rasa's attachments are addresses, or objects that hold one. Only http(s) is for following."""
        if isinstance(target, dict):
            inner = target.get("payload")
            source = {**target, **(inner if isinstance(inner, dict) else {})}
            target = source.get("url") or source.get("src") or json.dumps(target, ensure_ascii=False)
        address = str(target)
        if address.lower().startswith(("https://", "http://")):
            return cls(title, address)
        return cls(f"{title}: {address}", "")


@dataclass(frozen=True)
class Line:
    """One message, in words for the page."""

    message: Message

    @cached_property
    def annotation(self) -> Annotation | None:
        return getattr(self.message, "annotation", None)

    @property
    def other_intents(self) -> Sequence[str]:
        """Other intents that have the same words as an example."""
        return self.annotation.also_in if self.annotation else ()

    @property
    def revision(self) -> int:
        return self.annotation.revision if self.annotation else 0

    @property
    def overruled(self) -> str:
        """What the same words are an example of by now, where it is something else than the annotation says."""
        if self.annotation is None or not self.annotation.example or self.annotation.is_in_effect:
            return ""
        # A query for each such message, of which a page has few.
        alike = same_text(self.annotation.example.bot, self.message.text)
        names = {example.intent.name for example in alike}
        if self.annotation.intent in names:
            return ""
        words = ", ".join(sorted(names))
        return f"by now the same words are taught as {words}" if words else "not taught any more"

    @property
    def understood(self) -> Guess | None:
        return Guess(self.message.intent, self.message.confidence or 0.0) if self.message.intent else None

    @property
    def in_doubt(self) -> bool:
        """Failed, or understood with little confidence; a pressed button is understood as it is."""
        unsure = self.message.intent in ("", FALLBACK) or (self.message.confidence or 0.0) < UNSURE
        answered = self.message.status == Message.Status.ANSWERED
        return self.message.status == Message.Status.FAILED or (self.message.can_be_annotated and answered and unsure)

    @property
    def right_intent(self) -> str:
        """As staff say, or else as predicted."""
        annotated = self.annotation.intent if self.annotation else ""
        return annotated or ("" if self.message.intent == FALLBACK else self.message.intent)

    @property
    def scored_separately(self) -> bool:
        """Whether the confidences come from a classifier that looks at each intent on its own."""
        guesses = [*self.runners_up, *([self.understood] if self.understood else [])]
        return sum(guess.confidence for guess in guesses) > 1.05  # shares of one whole come to 1, but for rounding

    @property
    def runners_up(self) -> list[Guess]:
        ranking = self.message.ranking or []
        guesses = [Guess(str(guess.get("name")), guess.get("confidence") or 0.0) for guess in ranking]
        return [guess for guess in guesses if guess.name not in (self.message.intent, FALLBACK)][:RUNNERS_UP]

    @cached_property
    def entities(self) -> list[dict[str, Any]]:
        """As staff marked them, or else as predicted."""
        corrected = self.annotation is not None and self.annotation.verdict == Annotation.Verdict.CORRECTED
        return list((self.annotation.entities if corrected and self.annotation else self.message.entities) or [])

    @property
    def entities_as_json(self) -> str:
        return json.dumps(self.entities, ensure_ascii=False)

    @cached_property
    def pieces(self) -> list[Piece]:
        return list(highlight(self.message.text, self.entities))

    @property
    def entities_beside(self) -> list[tuple[str, str]]:
        """Those that no place in the text says, or whose value is another word than the text's."""
        shown = {(piece.entity, piece.text) for piece in self.pieces if piece.entity}
        named = [(str(entity.get("entity")), value_as_text(entity.get("value"))) for entity in self.entities]
        return [pair for pair in named if pair not in shown]

    @property
    def timings(self) -> list[tuple[str, float]]:
        """Milliseconds by stage, the slowest first."""
        return sorted((self.message.timings or {}).items(), key=lambda stage: -stage[1])

    @property
    def buttons(self) -> list[Button]:
        buttons = (self.message.content or {}).get("buttons") or []
        return [Button(str(it.get("title", "")), str(it.get("payload") or it.get("url") or "")) for it in buttons]

    @property
    def links(self) -> list[Link]:
        content = self.message.content or {}
        shown = [("Image", content.get("image")), ("Attachment", content.get("attachment"))]
        sources = content.get("citations") or []
        cited = [(source.get("title") or "Source", source.get("url")) for source in sources]
        return [Link.of(title, target) for title, target in [*shown, *cited] if target]

    @property
    def custom(self) -> str:
        custom = (self.message.content or {}).get("custom")
        return json.dumps(custom, indent=2, ensure_ascii=False) if custom else ""


@dataclass(frozen=True)
class Window:
    """Part of a conversation, oldest first. `earlier` and `later` are what `?before=` asks for next, if anything."""

    lines: Sequence[Line]
    earlier: int | None
    later: int | None
    newest: bool

    @property
    def last_turn(self) -> int:
        """The last of the visitor's that is shown."""
        return max((line.message.turn or 0 for line in self.lines), default=0)


def lines_of(conversation: Conversation, messages: Sequence[Message]) -> list[Line]:
    """With the other intents that have the same words as a correction."""
    lines = [Line(message) for message in messages]
    review.find_duplicates(conversation.environment.bot, [line.annotation for line in lines if line.annotation])
    return lines


def window_of(conversation: Conversation, before: int | None = None, at: int | None = None) -> Window:
    """The newest messages, the newest before the one of that number, or those around one."""
    if before is None and at is not None and at + AROUND < conversation.last_seq:
        # Near the beginning the window is moved down, so that it is full.
        before = max(at + AROUND, min(WINDOW, conversation.last_seq)) + 1
    lines = lines_of(conversation, review.messages_for_review(conversation.pk, before=before, limit=WINDOW))
    first = lines[0].message.seq if lines else 1
    newest = before is None or before > conversation.last_seq
    return Window(lines, first if first > 1 else None, None if newest else (before or 0) + WINDOW, newest)
