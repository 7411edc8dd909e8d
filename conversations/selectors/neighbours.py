"""From one conversation to the one beside it: in a list, in a search, or among those that wait for review.

In a search all pages of its list are one, each conversation once, at its newest hit. Before all hits stand those that
the search found by name, as in the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from conversations.models import Conversation, Message
from conversations.selectors.lists import REVIEW_FILTERS, Cursor, newer_than, older_than
from conversations.selectors.search import (
    BATCH,
    LOOKED_AT,
    Hit,
    Term,
    after_newest,
    conversations_by_name,
    hits_after,
    hits_among,
    hits_before,
    hits_in,
    search_page,
    terms,
)

AT_ONCE = 20  # conversations whose later messages are looked into together
LATER = 20_000  # of their messages
Rows = QuerySet[Conversation]


@dataclass(frozen=True)
class Neighbour:
    """`seq`: the hit, 0 where it was found by name. `further`: enough hits were looked at and nothing found so far; the
    search goes on before that message."""

    conversation_id: int | None = None
    seq: int = 0
    further: int | None = None


def neighbour_in_list(of: Conversation, among: Rows, *, older: bool) -> Conversation | None:
    """The one beside it in the list, newest first."""
    if older:
        return among.filter(older_than(Cursor.of(of))).order_by("-last_active", "-id").first()
    return among.filter(newer_than(Cursor.of(of))).order_by("last_active", "id").first()


def next_to_review(after: Conversation, among: Rows | None = None) -> Conversation | None:
    """Down the list, newest first, the next that waits for review; from its end back to the top. None where no other
    one waits."""
    waiting = others_to_review(after, among if among is not None else Conversation.objects.all())
    return neighbour_in_list(after, waiting, older=True) or waiting.order_by("-last_active", "-id").first()


def others_to_review(than: Conversation, among: Rows) -> Rows:
    """Those of `among` that wait for review. What was saved for later does not wait."""
    return among.filter(REVIEW_FILTERS["todo"], saved_for_later=False).exclude(pk=than.pk)


def neighbour_in_search(query: str, rows: Rows, here: Conversation | None, *, older: bool, size: int) -> Neighbour:
    """The one beside `here` among `rows`; None stands above the first. `size`: of the list's first page."""
    by_name = conversations_by_name(query, rows)
    on_first_page = {hit.conversation_id for hit in search_page(query, rows, size).hits} if by_name else set()
    named = [pk for pk in by_name if pk not in on_first_page]
    words = terms(query)
    if here is not None and here.pk not in named:
        messages = Message.objects.filter(conversation=here).order_by("-seq").values_list("pk", flat=True)
        hits = hits_among(words, list(messages[:LATER])) if words else set()
        place = max(hits, default=after_newest())  # its newest hit; above all hits where it has none
        found = _next_hit(words, rows, place, {here.pk, *named}, older)
        return Neighbour(named[-1]) if not older and named and found == Neighbour() else found
    index = (-1 if here is None else named.index(here.pk)) + (1 if older else -1)
    if 0 <= index < len(named):
        return Neighbour(named[index])
    return _next_hit(words, rows, after_newest(), set(named), older) if older else Neighbour()


def _next_hit(words: Sequence[Term], rows: Rows, place: int, without: Collection[int], older: bool) -> Neighbour:
    """In the next conversation from that message on. A bounded number of hits are looked at."""
    looked_at = 0
    next_hits = hits_before if older else hits_after
    while words and looked_at < LOOKED_AT:
        batch, following = next_hits(words, place, BATCH)
        looked_at += max(len(batch), BATCH)
        hits = hits_in(rows, [hit for hit in batch if hit.conversation_id not in without])
        for hit in _newest_of_each(words, hits, older):
            return Neighbour(hit.conversation_id, hit.seq)
        if following is None:
            return Neighbour()
        place = following
    return Neighbour(further=place) if words else Neighbour()


def _newest_of_each(words: Sequence[Term], hits: Sequence[Hit], older: bool) -> Iterator[Hit]:
    """Of each conversation its newest hit, where that is one of these; in the order of the walk."""
    newest: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: hit.message_id):
        newest[hit.conversation_id] = hit
    ordered = sorted(newest.values(), key=lambda hit: hit.message_id, reverse=older)
    for start in range(0, len(ordered), AT_ONCE):
        several = ordered[start : start + AT_ONCE]
        later = reduce(or_, (Q(conversation=hit.conversation_id, seq__gt=hit.seq) for hit in several))
        messages = Message.objects.filter(later).order_by().values_list("pk", "conversation_id")[:LATER]
        conversation_of = dict(messages)
        has_newer_hit = {conversation_of[pk] for pk in hits_among(words, conversation_of)}
        yield from (hit for hit in several if hit.conversation_id not in has_newer_hit)
