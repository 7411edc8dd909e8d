"""Lists of conversations: what they are narrowed to, and pages of them, newest first.

A page is found by keyset: it begins after the place (last_active, id) where another ended, so that the hundredth costs
what the first costs. What is asked of conversations themselves stands in their row and has an index where it is rare.
What is asked of their messages is looked up where few messages have it; where many have, a page looks through a bounded
number of conversations and says where to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from conversations.models import Conversation, Message
from conversations.models.talk import LONG, UNSURE

FEW = 2_000  # rows of a message's index that are looked up ahead
WALKED = 5_000  # conversations whose messages one page looks into
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
REVIEWS = {
    "todo": Q(reviewed_turn__lt=F("last_turn")),
    "done": Q(reviewed_turn__gte=F("last_turn"), reviewed_turn__gt=0),
    "later": Q(saved_for_later=True),
    "flagged": Q(flag_count__gt=0),
}
TROUBLES = {
    "failed": Q(failed_turns__gt=0),
    "disliked": Q(thumbs_down__gt=0),
    "unanswered": Q(answered_turn__lt=F("last_turn")),
}


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; what is empty narrows nothing. `review` and `trouble` are keys of REVIEWS and
    TROUBLES. `confidence`: one of its messages was understood with less. Active in [since, until). `shortest` and
    `longest` count all its messages."""

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
class Place:
    """Between two rows of a list: just behind the conversation that was last active then."""

    active: datetime
    id: int

    @classmethod
    def of(cls, row: Conversation) -> Place:
        return cls(row.last_active, row.pk)

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """None for what `str` of a place can't be."""
        micros, _, number = text.partition("-")
        if not (micros.isdecimal() and number.isdecimal() and len(micros) < 18 and len(number) < 19):
            return None
        return cls(EPOCH + timedelta(microseconds=int(micros)), int(number))

    def __str__(self) -> str:
        return f"{(self.active - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True)
class Page:
    """Rows newest first. `older` and `newer`: where the pages beside it begin, None where there is nothing more.
    `looked_through`: it stopped because it had looked far enough, not because it was full."""

    rows: Sequence[Conversation]
    older: Place | None
    newer: Place | None
    looked_through: bool = False


def narrowed(rows: QuerySet[Conversation], wanted: Wanted) -> QuerySet[Conversation]:
    """All that fit. Where `walks(wanted)`, ask for pages of them, not for all."""
    for condition in (*_of_row(wanted), *(_met(*asked) for asked in _of_messages(wanted))):
        rows = rows.filter(condition)
    return rows


def walks(wanted: Wanted) -> bool:
    return any(_is_common(having) for having, _ in _of_messages(wanted))


def page(
    rows: QuerySet[Conversation], size: int, *, before: Place | None = None, after: Place | None = None, walk: bool
) -> Page:
    """The newest rows, those just older than `before`, or those just newer than `after`."""
    if after is not None:
        return _newer_page(rows, size, after)
    here = rows.filter(_older_than(before)) if before else rows
    stop = _stop(before) if walk else None
    looked = here.filter(_down_to(stop)) if stop else here
    found = list(looked.order_by("-last_active", "-id")[: size + 1])
    newer = Place.of(found[0]) if found and before and not walk else None
    if len(found) > size:
        return Page(found[:size], Place.of(found[size - 1]), newer)
    return Page(found, stop, newer, looked_through=stop is not None)


def _newer_page(rows: QuerySet[Conversation], size: int, after: Place) -> Page:
    found = list(rows.filter(_newer_than(after)).order_by("last_active", "id")[: size + 1])
    shown = found[:size][::-1]
    older = Place.of(shown[-1]) if shown else None
    return Page(shown, older, Place.of(shown[0]) if len(found) > size else None)


def _stop(before: Place | None) -> Place | None:
    """The conversation at which a walk that begins there ends; None where that is the oldest of all."""
    rows = Conversation.objects.filter(_older_than(before)) if before else Conversation.objects.all()
    last = rows.order_by("-last_active", "-id").values_list("last_active", "id")[WALKED : WALKED + 1].first()
    return Place(*last) if last else None


def _older_than(place: Place) -> Q:
    """Said so that an index on (-last_active, -id) is entered in the right place."""
    return Q(last_active__lte=place.active) & (Q(last_active__lt=place.active) | Q(pk__lt=place.id))


def _down_to(place: Place) -> Q:
    return Q(last_active__gte=place.active) & (Q(last_active__gt=place.active) | Q(pk__gte=place.id))


def _newer_than(place: Place) -> Q:
    return Q(last_active__gte=place.active) & (Q(last_active__gt=place.active) | Q(pk__gt=place.id))


def _of_row(wanted: Wanted) -> Iterator[Q]:
    named = {"state": wanted.state, "channel": wanted.channel, "environment": wanted.environment}
    yield Q(**{field: value for field, value in named.items() if value})
    yield REVIEWS.get(wanted.review, Q())
    yield _unanswered() if wanted.trouble == "unanswered" else TROUBLES.get(wanted.trouble, Q())
    if wanted.confidence is not None:
        yield Q(lowest_confidence__lt=wanted.confidence)
        yield Q(lowest_confidence__lt=UNSURE) if wanted.confidence <= UNSURE else Q()
    if wanted.shortest is not None and wanted.shortest >= LONG:
        yield Q(last_seq__gte=LONG)
    bounds = {
        "last_active__gte": wanted.since,
        "last_active__lt": wanted.until,
        "last_seq__gte": wanted.shortest,
        "last_seq__lte": wanted.longest,
    }
    yield Q(**{bound: value for bound, value in bounds.items() if value is not None})


Asked = tuple[QuerySet, QuerySet]


def _of_messages(wanted: Wanted) -> Iterator[Asked]:
    """Rows that say which conversations have it; and the same rows, asked for in one conversation after the other:
    said so that a database does not look through all rows of a common intent for each of them."""
    theirs = Message.objects.filter(role=Message.Role.USER)
    if wanted.intent:
        one_by_one = theirs.alias(what=Coalesce("intent", Value(""))).filter(what=wanted.intent)
        yield theirs.filter(intent=wanted.intent), one_by_one
    if wanted.version:
        one_by_one = theirs.alias(what=Coalesce("model_version_id", Value(0))).filter(what=wanted.version)
        yield theirs.filter(model_version=wanted.version), one_by_one
    if wanted.tag:
        tagged = Conversation.tags.through.objects.filter(tag__name=wanted.tag)
        yield tagged, tagged


def _met(having: QuerySet, one_by_one: QuerySet) -> Q:
    """A subquery that may be null, where EXISTS would be turned into a join with all messages."""
    ids = list(having.order_by("-id").values_list("conversation_id", flat=True)[: FEW + 1])
    if len(ids) <= FEW:
        return Q(pk__in=set(ids))
    return Q(IsNull(Subquery(one_by_one.filter(conversation=OuterRef("pk")).order_by().values("pk")[:1]), False))


def _unanswered() -> Q:
    """There are few at a time, and an index that knows them by id."""
    ids = list(Conversation.objects.unanswered().order_by("pk").values_list("pk", flat=True)[: FEW + 1])
    return Q(pk__in=ids) if len(ids) <= FEW else TROUBLES["unanswered"]


def _is_common(having: QuerySet) -> bool:
    return having.order_by("-id").values("pk")[FEW : FEW + 1].exists()
