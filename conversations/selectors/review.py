"""Reads for the review page: what went worst, and what staff made of a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Aggregate, Max, OuterRef, Q, QuerySet, Subquery, Sum

from conversations.models import Annotation, Conversation, Event, Message, Note, Tag
from conversations.models.conversations import UNSURE
from training.models import Bot
from training.selectors import intents_by_text

LOOKED_AT = 500  # of the newest that have a sign of trouble


@dataclass(frozen=True)
class Trouble:
    """A conversation and the message in it that went worst, None where it can't be told."""

    conversation: Conversation
    message: Message | None


def worst_since(since: datetime, count: int) -> list[Trouble]:
    """Not yet reviewed, the worst first: failed, then disliked, then unsure."""

    def badness(row: Conversation) -> tuple[int, int, float]:
        return -row.failed_turns, -row.thumbs_down, 1.0 if row.lowest_confidence is None else row.lowest_confidence

    signs = Q(failed_turns__gt=0) | Q(thumbs_down__gt=0) | Q(lowest_confidence__lt=UNSURE)
    rows = Conversation.objects.unreviewed().filter(signs, last_active__gte=since).defer("snapshot")
    worst = sorted(rows.order_by("-last_active", "-id")[:LOOKED_AT], key=badness)[:count]
    shown = Q(role=Message.Role.USER) | Q(feedback="down")
    fields = ("conversation_id", "seq", "turn", "text", "payload", "role", "status", "intent", "confidence", "feedback")
    messages: dict[int, list[Message]] = {}
    for message in Message.objects.filter(shown, conversation__in=worst).only(*fields):
        messages.setdefault(message.conversation_id, []).append(message)
    return [Trouble(row, _worst_message(messages.get(row.pk, []))) for row in worst]


def _worst_message(messages: Sequence[Message]) -> Message | None:
    """The visitor's message that failed, whose answer was disliked, or that was understood with least confidence."""
    disliked = {message.turn for message in messages if message.feedback == "down"}

    def badness(message: Message) -> tuple[bool, bool, float, int]:
        sure = 1.0 if message.confidence is None else message.confidence
        return message.status != Message.Status.FAILED, message.turn not in disliked, sure, -message.seq

    return min((message for message in messages if message.role == Message.Role.USER), key=badness, default=None)


def conversation_for_review(pk: int) -> Conversation | None:
    """With all that the review page says of it."""
    rows = Conversation.objects.select_related("environment__bot", "reviewed_by").prefetch_related("tags")
    return rows.defer("snapshot").filter(pk=pk).first()


def messages_for_review(
    conversation_id: int, *, before: int | None = None, after: int | None = None, limit: int
) -> list[Message]:
    """At most `limit` messages, oldest first: the newest before that seq, or the oldest after it. With their model
    versions, annotations and notes."""
    rows = _for_review(conversation_id)
    if after is not None:
        return list(rows.filter(seq__gt=after).order_by("seq")[:limit])
    earlier = rows if before is None else rows.filter(seq__lt=before)
    return list(earlier.order_by("-seq")[:limit])[::-1]


def message_for_review(conversation_id: int, seq: int) -> Message | None:
    """One of them, with its bot."""
    rows = _for_review(conversation_id).select_related("conversation__environment__bot")
    return rows.defer("conversation__snapshot").filter(seq=seq).first()


def _for_review(conversation_id: int) -> QuerySet[Message]:
    # Neither is shown, and both may be large.
    rows = Message.objects.filter(conversation_id=conversation_id).defer("metadata", "annotation__example__vector")
    rows = rows.select_related("model_version", "annotation__by", "annotation__example__intent")
    return rows.prefetch_related("notes__by")


def find_duplicates(bot: Bot, annotations: Iterable[Annotation]) -> None:
    """Set each correction's `also_in`: other intents that have the same words. One query, none where nothing was
    corrected."""
    corrected = [annotation for annotation in annotations if annotation.verdict == Annotation.Verdict.CORRECTED]
    intents = intents_by_text(bot, [annotation.message.text for annotation in corrected]) if corrected else {}
    for annotation in corrected:
        annotation.also_in = sorted(intents[annotation.message.text] - {annotation.intent})


def stamp_of(conversation_id: int) -> str:
    """Another one whenever something that is shown already was answered, rated, annotated, noted, tagged or
    reviewed. An open page compares it with its own."""
    sums = {
        "annotations": _aggregate(Annotation.objects.all(), Sum("revision")),
        "notes": _aggregate(Note.objects.order_by(), Sum("pk")),
        "newest_note": _aggregate(Note.objects.order_by(), Max("updated")),
        "tag_ids": _aggregate(Conversation.tags.through.objects.all(), Sum("tag_id")),
    }
    sums = {f"stamp_{name}": of_conversation for name, of_conversation in sums.items()}
    fields = ("answered_turn", "state", "thumbs_down", "reviewed_turn", "reviewed_at", "saved_for_later", *sums)
    # One query: an open page asks for it every twenty seconds.
    row = Conversation.objects.filter(pk=conversation_id).annotate(**sums).values_list(*fields).first()
    return hashlib.sha256(repr(row).encode()).hexdigest()[:16]


def _aggregate(rows: QuerySet[Any], aggregate: Aggregate) -> Subquery:
    """Of all rows of a conversation."""
    mine = rows.filter(conversation=OuterRef("pk")).values("conversation")
    return Subquery(mine.annotate(aggregate=aggregate).values("aggregate"))


def notes_of(conversation_id: int) -> list[Note]:
    """Those about the conversation as a whole."""
    return list(Note.objects.filter(conversation_id=conversation_id, message=None).select_related("by"))


def tag_names() -> list[str]:
    """All there are."""
    return list(Tag.objects.values_list("name", flat=True))


def events_of(conversation_id: int, turn: int) -> list[Event]:
    """The engine's, of one turn, in order."""
    return list(Event.objects.filter(conversation_id=conversation_id, turn=turn).order_by("position"))
