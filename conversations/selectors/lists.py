"""Lists of conversations: their filters, and pages of them, newest first.

A page is found by keyset: it begins after the cursor (last_active, id) where another ended, so that the hundredth costs
what the first costs. Filters on conversations are columns of their row, with an index where a value is rare. Filters on
their messages are looked up ahead where few messages match; where many do, a page scans a bounded number of
conversations and says where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from conversations.models import Conversation, Message
from conversations.models.conversations import LONG, UNSURE

FEW = 2_000  # rows of a message's index that are looked up ahead
SCANNED = 5_000  # conversations whose messages one page looks into
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
REVIEW_FILTERS = {
    "todo": Q(reviewed_turn__lt=F("last_turn")),
    "done": Q(reviewed_turn__gte=F("last_turn"), reviewed_turn__gt=0),
    "later": Q(saved_for_later=True),
    "flagged": Q(flag_count__gt=0),
}
TROUBLE_FILTERS = {
    "failed": Q(failed_turns__gt=0),
    "disliked": Q(thumbs_down__gt=0),
    "unanswered": Q(answered_turn__lt=F("last_turn")),
}


@dataclass(frozen=True)
class ConversationFilter:
    """What is empty filters nothing. `review` and `trouble` are keys of REVIEW_FILTERS and TROUBLE_FILTERS.
    `confidence`: one of its messages was understood with less. Active in [since, until). `shortest` and `longest` count
    all its messages."""

    review: str = ""
    trouble: str = ""
    state: str = ""
    channel: str = ""
    intent: str = ""
    confidence: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    shortest: int | None = None
    longest: int | None = None
    tag: str = ""
    environment: int | None = None
    version: int | None = None


@dataclass(frozen=True)
class Cursor:
    """Between two rows of a list: just behind the conversation that was last active then."""

    active: datetime
    id: int

    @classmethod
    def of(cls, row: Conversation) -> Cursor:
        return cls(row.last_active, row.pk)

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """None for what `str` of a cursor can't be."""
        micros, _, number = text.partition("-")
        if not (micros.isdecimal() and number.isdecimal() and len(micros) < 18 and len(number) < 19):
            return None
        return cls(EPOCH + timedelta(microseconds=int(micros)), int(number))

    def __str__(self) -> str:
        return f"{(self.active - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True)
class Page:
    """Rows newest first. `older` and `newer`: where the pages beside it begin, None where there is nothing more.
    `partial`: it stopped because it had looked far enough, not because it was full."""

    rows: Sequence[Conversation]
    older: Cursor | None
    newer: Cursor | None
    partial: bool = False


def filtered(rows: QuerySet[Conversation], filters: ConversationFilter) -> QuerySet[Conversation]:
    """All that fit. Where `needs_scan(filters)`, ask for pages of them, not for all."""
    for condition in _row_conditions(filters):
        rows = rows.filter(condition)
    for matching, one_by_one in _message_rows(filters):
        ids = list(matching.order_by("-id").values_list("conversation_id", flat=True)[: FEW + 1])
        if len(ids) <= FEW:
            rows = rows.filter(pk__in=set(ids))
        else:
            # A subquery that may be null: a database would turn EXISTS into a join with all messages.
            any_match = Subquery(one_by_one.filter(conversation=OuterRef("pk")).order_by().values("pk")[:1])
            rows = rows.filter(IsNull(any_match, False))
    return rows


def needs_scan(filters: ConversationFilter) -> bool:
    """Whether so many messages match that the conversations can't be looked up ahead."""
    return any(matching.order_by("-id").values("pk")[FEW : FEW + 1].exists() for matching, _ in _message_rows(filters))


def list_page(
    rows: QuerySet[Conversation], size: int, *, before: Cursor | None = None, after: Cursor | None = None, scan: bool
) -> Page:
    """The newest rows, those just older than `before`, or those just newer than `after`."""
    if after is not None:
        found = list(rows.filter(newer_than(after)).order_by("last_active", "id")[: size + 1])
        shown = found[:size][::-1]
        older = Cursor.of(shown[-1]) if shown else None
        return Page(shown, older, Cursor.of(shown[0]) if len(found) > size else None)
    rest = rows.filter(older_than(before)) if before else rows
    end = None
    if scan:
        # Where this page stops, full or not; nowhere, if the oldest of all comes first.
        scanned = Conversation.objects.filter(older_than(before)) if before else Conversation.objects.all()
        scanned = scanned.order_by("-last_active", "-id")
        last = scanned.values_list("last_active", "id")[SCANNED : SCANNED + 1].first()
        end = Cursor(*last) if last else None
    if end:
        rest = rest.filter(Q(last_active__gte=end.active) & (Q(last_active__gt=end.active) | Q(pk__gte=end.id)))
    found = list(rest.order_by("-last_active", "-id")[: size + 1])
    newer = Cursor.of(found[0]) if found and before and not scan else None
    if len(found) > size:
        return Page(found[:size], Cursor.of(found[size - 1]), newer)
    return Page(found, end, newer, partial=end is not None)


def older_than(cursor: Cursor) -> Q:
    """Below it in the list. Written so that a database enters the index on (-last_active, -id) at the right place."""
    return Q(last_active__lte=cursor.active) & (Q(last_active__lt=cursor.active) | Q(pk__lt=cursor.id))


def newer_than(cursor: Cursor) -> Q:
    """Above it in the list."""
    return Q(last_active__gte=cursor.active) & (Q(last_active__gt=cursor.active) | Q(pk__gt=cursor.id))


def _row_conditions(filters: ConversationFilter) -> Iterator[Q]:
    named = {"state": filters.state, "channel": filters.channel, "environment": filters.environment}
    yield Q(**{field: value for field, value in named.items() if value})
    yield REVIEW_FILTERS.get(filters.review, Q())
    trouble = TROUBLE_FILTERS.get(filters.trouble, Q())
    if filters.trouble == "unanswered":
        # There are few at a time, and an index that knows them by id.
        ids = list(Conversation.objects.unanswered().order_by("pk").values_list("pk", flat=True)[: FEW + 1])
        trouble = Q(pk__in=ids) if len(ids) <= FEW else trouble
    yield trouble
    if filters.confidence is not None:
        yield Q(lowest_confidence__lt=filters.confidence)
        # The condition of a partial index, or it would not be used.
        yield Q(lowest_confidence__lt=UNSURE) if filters.confidence <= UNSURE else Q()
    if filters.shortest is not None and filters.shortest >= LONG:
        yield Q(last_seq__gte=LONG)
    bounds = {
        "last_active__gte": filters.since,
        "last_active__lt": filters.until,
        "last_seq__gte": filters.shortest,
        "last_seq__lte": filters.longest,
    }
    yield Q(**{bound: value for bound, value in bounds.items() if value is not None})


def _message_rows(filters: ConversationFilter) -> Iterator[tuple[QuerySet, QuerySet]]:
    """Rows that say which conversations match; and the same rows, written for a look into one conversation at a time,
    so that a database does not read all rows of a common intent for each of them."""
    messages = Message.objects.filter(role=Message.Role.USER)
    if filters.intent:
        one_by_one = messages.alias(what=Coalesce("intent", Value(""))).filter(what=filters.intent)
        yield messages.filter(intent=filters.intent), one_by_one
    if filters.version:
        one_by_one = messages.alias(what=Coalesce("model_version_id", Value(0))).filter(what=filters.version)
        yield messages.filter(model_version=filters.version), one_by_one
    if filters.tag:
        tagged = Conversation.tags.through.objects.filter(tag__name=filters.tag)
        yield tagged, tagged
