"""From one conversation of a search to the one beside it: all pages of its list as one, each conversation once.

A conversation stands at its newest hit. Before all hits stand those that the search found by name, as in the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from conversations.models import Conversation, Message
from conversations.selectors.hits import Hit, Term, behind_the_newest, hits_after, hits_among, hits_before, terms
from conversations.selectors.searching import BATCH, LOOKED_AT, among, by_name, search

AT_ONCE = 20  # conversations whose later messages are looked into together
LATER = 20_000  # of their messages
Rows = QuerySet[Conversation]


@dataclass(frozen=True)
class Step:
    """`seq`: the hit, 0 where it was found by name. `further`: it looked far enough and found nothing so far; the
    search goes on before that message."""

    conversation_id: int | None = None
    seq: int = 0
    further: int | None = None


def step(query: str, rows: Rows, here: Conversation | None, *, older: bool, size: int) -> Step:
    """To the one beside `here` among `rows`; None stands above the first. `size`: of the list's first page."""
    named = _named_first(query, rows, size)
    looked_for = terms(query)
    if here is not None and here.pk not in named:
        place = _newest_hit(looked_for, here.pk)
        found = _walked(looked_for, rows, place, {here.pk, *named}, older)
        return Step(named[-1]) if not older and named and found == Step() else found
    at = -1 if here is None else named.index(here.pk)
    beside = at + (1 if older else -1)
    if 0 <= beside < len(named):
        return Step(named[beside])
    return _walked(looked_for, rows, behind_the_newest(), set(named), older) if older else Step()


def _named_first(query: str, rows: Rows, size: int) -> list[int]:
    named = by_name(query, rows)
    shown = {hit.conversation_id for hit in search(query, rows, size).hits} if named else set()
    return [pk for pk in named if pk not in shown]


def _newest_hit(looked_for: Sequence[Term], conversation_id: int) -> int:
    """Above all hits where it has none."""
    mine = Message.objects.filter(conversation=conversation_id).order_by("-seq").values_list("pk", flat=True)
    hits = hits_among(looked_for, list(mine[:LATER])) if looked_for else set()
    return max(hits, default=behind_the_newest())


def _walked(looked_for: Sequence[Term], rows: Rows, place: int, without: Collection[int], older: bool) -> Step:
    """To the next conversation from that message on. A bounded number of hits are looked at."""
    looked_at = 0
    walk = hits_before if older else hits_after
    while looked_for and looked_at < LOOKED_AT:
        batch, following = walk(looked_for, place, BATCH)
        looked_at += max(len(batch), BATCH)
        theirs = among(rows, [hit for hit in batch if hit.conversation_id not in without])
        for hit in _newest_of_each(looked_for, theirs, older):
            return Step(hit.conversation_id, hit.seq)
        if following is None:
            return Step()
        place = following
    return Step(further=place) if looked_for else Step()


def _newest_of_each(looked_for: Sequence[Term], hits: Sequence[Hit], older: bool) -> Iterator[Hit]:
    """Of each conversation its newest hit, where it is here; in the order of the walk."""
    newest: dict[int, Hit] = {}
    for hit in sorted(hits, key=lambda hit: hit.message_id):
        newest[hit.conversation_id] = hit
    theirs = sorted(newest.values(), key=lambda hit: hit.message_id, reverse=older)
    for start in range(0, len(theirs), AT_ONCE):
        several = theirs[start : start + AT_ONCE]
        again = _said_again(looked_for, several)
        yield from (hit for hit in several if hit.conversation_id not in again)


def _said_again(looked_for: Sequence[Term], hits: Sequence[Hit]) -> set[int]:
    """Conversations that have a newer hit than this one."""
    later = reduce(or_, (Q(conversation=hit.conversation_id, seq__gt=hit.seq) for hit in hits))
    rows = Message.objects.filter(later).order_by().values_list("pk", "conversation_id")[:LATER]
    whose = dict(rows)
    return {whose[pk] for pk in hits_among(looked_for, whose)}
