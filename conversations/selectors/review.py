"""Reads for the review desk: what to look at next, and what was made of a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db.models import Aggregate, Max, OuterRef, Q, QuerySet, Subquery, Sum

from conversations.models import Annotation, Conversation, Event, Message, Note, Tag
from conversations.selectors.finding import REVIEWS
from training.models import Bot
from training.selectors import intents_by_text

Rows = QuerySet[Conversation]


def conversation_for_review(pk: int) -> Conversation | None:
    """With all that the review page says of it."""
    rows = Conversation.objects.select_related("environment__bot", "reviewed_by").prefetch_related("tags")
    return rows.defer("snapshot").filter(pk=pk).first()


def next_to_review(after: Conversation, among: Rows | None = None) -> Conversation | None:
    """Down the list, newest first, the next that waits for review; from its end back to the top. None where no other
    one waits."""
    waiting = waiting_besides(after, among if among is not None else Conversation.objects.all())
    return neighbour(after, waiting, older=True) or waiting.order_by("-last_active", "-id").first()


def waiting_besides(this: Conversation, among: Rows) -> Rows:
    """Those of `among` that wait for review. What was saved for later does not wait."""
    return among.filter(REVIEWS["todo"], saved_for_later=False).exclude(pk=this.pk)


def neighbour(of: Conversation, among: Rows, *, older: bool) -> Conversation | None:
    """The one beside it in the list, newest first. Said so that the list's index is entered in the right place."""
    if older:
        behind = Q(last_active__lt=of.last_active) | Q(pk__lt=of.pk)
        return among.filter(behind, last_active__lte=of.last_active).order_by("-last_active", "-id").first()
    ahead = Q(last_active__gt=of.last_active) | Q(pk__gt=of.pk)
    return among.filter(ahead, last_active__gte=of.last_active).order_by("last_active", "id").first()


def message_for_review(conversation_id: int, seq: int) -> Message | None:
    rows = Message.objects.select_related("model_version", "conversation__environment__bot", "annotation__by")
    return rows.filter(conversation_id=conversation_id, seq=seq).first()


def lines(conversation_id: int, *, before: int | None = None, after: int | None = None, limit: int) -> list[Message]:
    """At most `limit` messages, oldest first: the newest before that seq, or the oldest after it. With their model
    versions, annotations and notes."""
    rows = Message.objects.filter(conversation_id=conversation_id).defer("metadata")
    rows = rows.select_related("model_version", "annotation__by", "annotation__example__intent")
    rows = rows.defer("annotation__example__vector").prefetch_related("notes__by")
    if after is not None:
        return list(rows.filter(seq__gt=after).order_by("seq")[:limit])
    earlier = rows if before is None else rows.filter(seq__lt=before)
    return list(earlier.order_by("-seq")[:limit])[::-1]


def look_for_doubles(bot: Bot, annotations: Iterable[Annotation]) -> None:
    """Say of each correction which other intents have the same words. One query, none where nothing was corrected."""
    corrected = [it for it in annotations if it.verdict == Annotation.Verdict.CORRECTED]
    intents = intents_by_text(bot, [it.message.text for it in corrected]) if corrected else {}
    for annotation in corrected:
        annotation.also_in = sorted(intents[annotation.message.text] - {annotation.intent})


def stamp_of(conversation_id: int) -> str:
    """Another one whenever something that is shown already was answered, rated, judged, noted, tagged or reviewed."""
    beside = {
        "judged_sum": _of_each(Annotation.objects.all(), Sum("revision")),
        "notes_sum": _of_each(Note.objects.order_by(), Sum("pk")),
        "noted_last": _of_each(Note.objects.order_by(), Max("updated")),
        "tags_sum": _of_each(Conversation.tags.through.objects.all(), Sum("tag_id")),
    }
    fields = ("answered_turn", "state", "thumbs_down", "reviewed_turn", "reviewed_at", "saved_for_later", *beside)
    row = Conversation.objects.filter(pk=conversation_id).annotate(**beside).values_list(*fields).first()
    return hashlib.sha256(repr(row).encode()).hexdigest()[:16]


def _of_each(rows: QuerySet[Any], sum_up: Aggregate) -> Subquery:
    """What all rows of a conversation come to."""
    mine = rows.filter(conversation=OuterRef("pk")).values("conversation")
    return Subquery(mine.annotate(sum_up=sum_up).values("sum_up"))


def line(conversation_id: int, seq: int) -> list[Message]:
    return [found for found in lines(conversation_id, after=seq - 1, limit=1) if found.seq == seq]


def notes_of(conversation_id: int) -> list[Note]:
    """Those beside the conversation as a whole."""
    return list(Note.objects.filter(conversation_id=conversation_id, message=None).select_related("by"))


def tag_names() -> list[str]:
    return list(Tag.objects.values_list("name", flat=True))


def events_of(conversation_id: int, turn: int) -> list[Event]:
    return list(Event.objects.filter(conversation_id=conversation_id, turn=turn).order_by("position"))
