"""The search in all messages: newest hits first, a bounded number at a time.

A conversation is shown at its newest hit of a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.models import Conversation
from conversations.selectors.hits import WORD, Hit, behind_the_newest, folded, hits_before, terms
from conversations.selectors.messages import channels_in_use

BATCH = 500  # hits that a search looks at first
LOOKED_AT = 2_000  # and at most, where filters leave few of them
SENDERS = 5_000  # newest conversations whose sender may contain the words


@dataclass(frozen=True)
class Found:
    """`older`: the id of the message from which on an older search goes on, None where there are no more hits."""

    hits: Sequence[Hit]
    older: int | None


def search(query: str, rows: QuerySet[Conversation], size: int, *, before: int | None = None) -> Found:
    """Conversations of `rows` with a message that has all of it, older than the message `before`."""
    looked_for = terms(query)
    found: dict[int, Hit] = {}
    upto = before if before is not None else behind_the_newest()
    looked_at = 0
    while looked_for and looked_at < LOOKED_AT:
        batch, following = hits_before(looked_for, upto, LOOKED_AT - BATCH if looked_at else BATCH)
        looked_at += max(len(batch), BATCH)
        for hit in among(rows, [hit for hit in batch if hit.conversation_id not in found]):
            if len(found) == size and hit.conversation_id not in found:
                return Found(list(found.values()), min(shown.message_id for shown in found.values()))
            found.setdefault(hit.conversation_id, hit)
        if following is None:
            return Found(list(found.values()), None)
        upto = following
    return Found(list(found.values()), upto if looked_for else None)


def by_name(query: str, rows: QuerySet[Conversation]) -> list[int]:
    """Ids of conversations with this public id or sender; of the newest ones also those whose sender contains it."""
    words = query.strip()
    newest = Conversation.objects.order_by("-last_active", "-id").values("pk")[:SENDERS]
    named = Q(pk__in=newest, external_id__icontains=words) | _has_id(words)
    for channel in channels_in_use():
        named |= Q(channel=channel, external_id=words)
    return list(rows.filter(named).order_by("-last_active", "-id").values_list("pk", flat=True)[:20])


def marked(text: str, query: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and which of them were looked for."""
    wanted = [(word, term.prefix) for term in terms(query) for word in term.words]
    end = 0
    for match in WORD.finditer(text):
        word = folded(match.group())
        if any(word.startswith(part) if prefix else word == part for part, prefix in wanted):
            yield text[end : match.start()], False
            yield match.group(), True
            end = match.end()
    yield text[end:], False


def among(rows: QuerySet[Conversation], hits: Sequence[Hit]) -> list[Hit]:
    """Those in conversations of `rows`."""
    kept = set(rows.filter(pk__in={hit.conversation_id for hit in hits}).order_by().values_list("pk", flat=True))
    return [hit for hit in hits if hit.conversation_id in kept]


def _has_id(words: str) -> Q:
    try:
        return Q(public_id=UUID(words))
    except ValueError:
        return Q(pk__in=[])
