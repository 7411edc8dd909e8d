"""The search in all messages: newest hits first, a bounded number at a time. A conversation is shown at its newest hit
of a page.

`refund my "new york"`: words that begin so (from two letters on) and phrases as they stand. Case and the accents of
Latin letters make no difference.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet

from conversations.models import Conversation, Message
from conversations.search_index import MARKS, PUNCTUATION
from conversations.selectors.messages import channels_in_use

BATCH = 500  # hits that a search looks at first
LOOKED_AT = 2_000  # and at most, where filters leave few of them
SENDERS = 5_000  # newest conversations whose sender may contain the words
# PostgreSQL would sort all hits of a common word. So it looks through the nearest messages first, one by one, and then
# asks the index for ever larger windows of ids.
ENOUGH = 100  # hits, not to look into the next window
NEAREST = 500
WINDOWS = (30_000, 250_000, 2_000_000)
WORD = re.compile(rf"[^\s\0{re.escape(PUNCTUATION)}]+")
_MARKS = re.compile(f"[{MARKS}]")
_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
_PREFIX_LETTERS = 2

_IN_SQLITE = """
SELECT m.id, m.conversation_id, m.seq FROM (
    SELECT rowid AS hit FROM conversations_message_words
    WHERE conversations_message_words MATCH %s AND rowid >= %s AND rowid < %s ORDER BY rowid {order} LIMIT %s
) JOIN conversations_message m ON m.id = hit ORDER BY m.id {order}
"""
_IN_POSTGRESQL = """
WITH hits AS MATERIALIZED (
    SELECT id, conversation_id, seq FROM conversations_message
    WHERE conversations_message_words(text) @@ to_tsquery('simple', %s) AND id >= %s AND id < %s
) SELECT * FROM hits ORDER BY id {order} LIMIT %s
"""
_THE_NEAREST = """
SELECT id, conversation_id, seq FROM (
    SELECT id, conversation_id, seq, text FROM conversations_message WHERE id >= %s AND id < %s OFFSET 0
) near WHERE conversations_message_words(text) @@ to_tsquery('simple', %s) ORDER BY id {order} LIMIT %s
"""
_OF_THESE_IN_SQLITE = """
SELECT rowid FROM conversations_message_words WHERE conversations_message_words MATCH %s
AND rowid >= %s AND rowid <= %s AND +rowid IN (SELECT value FROM json_each(%s))
"""
_OF_THESE_IN_POSTGRESQL = """
SELECT id FROM (SELECT id, text FROM conversations_message WHERE id = ANY(%s) OFFSET 0) these
WHERE conversations_message_words(text) @@ to_tsquery('simple', %s)
"""


@dataclass(frozen=True)
class Hit:
    """A message that has all words of a search."""

    message_id: int
    conversation_id: int
    seq: int


@dataclass(frozen=True)
class Term:
    """Words that follow each other, folded; `prefix`: the one word may go on."""

    words: tuple[str, ...]
    prefix: bool


@dataclass(frozen=True)
class SearchPage:
    """`older`: the id of the message from which on an older search goes on, None where there are no more hits."""

    hits: Sequence[Hit]
    older: int | None


def search_page(query: str, rows: QuerySet[Conversation], size: int, *, before: int | None = None) -> SearchPage:
    """Conversations of `rows` with a message that has all of it, older than the message `before`."""
    words = terms(query)
    found: dict[int, Hit] = {}
    upto = before if before is not None else after_newest()
    looked_at = 0
    while words and looked_at < LOOKED_AT:
        # A small batch first: most searches find a page of conversations in it.
        batch, following = hits_before(words, upto, LOOKED_AT - BATCH if looked_at else BATCH)
        looked_at += max(len(batch), BATCH)
        for hit in hits_in(rows, [hit for hit in batch if hit.conversation_id not in found]):
            if len(found) == size and hit.conversation_id not in found:
                return SearchPage(list(found.values()), min(shown.message_id for shown in found.values()))
            found.setdefault(hit.conversation_id, hit)
        if following is None:
            return SearchPage(list(found.values()), None)
        upto = following
    return SearchPage(list(found.values()), upto if words else None)


def conversations_by_name(query: str, rows: QuerySet[Conversation]) -> list[int]:
    """Ids of conversations with this public id or sender; of the newest ones also those whose sender contains it."""
    words = query.strip()
    newest = Conversation.objects.order_by("-last_active", "-id").values("pk")[:SENDERS]
    named = Q(pk__in=newest, external_id__icontains=words)
    with suppress(ValueError):
        named |= Q(public_id=UUID(words))
    # By channel and sender, which an index has, where the sender alone would read every row.
    for channel in channels_in_use():
        named |= Q(channel=channel, external_id=words)
    return list(rows.filter(named).order_by("-last_active", "-id").values_list("pk", flat=True)[:20])


def highlighted(text: str, query: str) -> Iterator[tuple[str, bool]]:
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


def hits_in(rows: QuerySet[Conversation], hits: Sequence[Hit]) -> list[Hit]:
    """Those in conversations of `rows`."""
    kept = set(rows.filter(pk__in={hit.conversation_id for hit in hits}).order_by().values_list("pk", flat=True))
    return [hit for hit in hits if hit.conversation_id in kept]


def terms(query: str) -> list[Term]:
    """What is looked for. A word that punctuation parts, like "it's", is a phrase whose last word may go on."""
    found = []
    for phrase, word in _PARTS.findall(query):
        words = tuple(WORD.findall(folded(phrase or word)))
        if words:
            found.append(Term(words, bool(word) and len(words[-1]) >= _PREFIX_LETTERS))
    return found


def folded(text: str) -> str:
    """Lower case, without accents."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.lower())))


def hits_before(words: Sequence[Term], before: int, limit: int) -> tuple[list[Hit], int | None]:
    """The newest older than that message, and before which the next ones are; None where there are none."""
    if _is_sqlite():
        hits = _hits(_IN_SQLITE.format(order="DESC"), _in_sqlite(words), 0, before, limit)
        return hits, _next(hits, limit, 0)
    asked = _in_postgresql(words)
    low = max(0, before - NEAREST)
    hits = _hits(_THE_NEAREST.format(order="DESC"), low, before, asked, limit)
    for width in (*WINDOWS, before):
        if len(hits) >= min(ENOUGH, limit) or low == 0:
            break
        low, high = max(0, before - width), low
        hits += _hits(_IN_POSTGRESQL.format(order="DESC"), asked, low, high, limit - len(hits))
    return hits, _next(hits, limit, low)


def hits_after(words: Sequence[Term], after: int, limit: int) -> tuple[list[Hit], int | None]:
    """The oldest newer than that message, and after which the next ones are; None where there are none."""
    first, end = after + 1, after_newest()
    if _is_sqlite():
        hits = _hits(_IN_SQLITE.format(order="ASC"), _in_sqlite(words), first, end, limit)
        return hits, _next(hits, limit, 0)
    asked = _in_postgresql(words)
    high = min(end, first + NEAREST)
    hits = _hits(_THE_NEAREST.format(order="ASC"), first, high, asked, limit)
    for width in (*WINDOWS, end):
        if len(hits) >= min(ENOUGH, limit) or high >= end:
            break
        low, high = high, min(end, first + width)
        hits += _hits(_IN_POSTGRESQL.format(order="ASC"), asked, low, high, limit - len(hits))
    return hits, _next(hits, limit, high - 1 if high < end else 0)


def hits_among(words: Sequence[Term], ids: Collection[int]) -> set[int]:
    """Which of these messages have it."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        if _is_sqlite():
            these = json.dumps(list(ids))
            cursor.execute(_OF_THESE_IN_SQLITE, [_in_sqlite(words), min(ids), max(ids), these])
        else:
            cursor.execute(_OF_THESE_IN_POSTGRESQL, [list(ids), _in_postgresql(words)])
        return {row[0] for row in cursor.fetchall()}


def after_newest() -> int:
    """The id above those of all messages."""
    return (Message.objects.order_by().aggregate(newest=Max("id"))["newest"] or 0) + 1


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _in_sqlite(words: Sequence[Term]) -> str:
    return " ".join(f'"{" ".join(term.words)}"{" *" if term.prefix else ""}' for term in words)


def _in_postgresql(words: Sequence[Term]) -> str:
    return " & ".join(f"'{' '.join(term.words)}'{':*' if term.prefix else ''}" for term in words)


def _next(hits: Sequence[Hit], limit: int, looked_to: int) -> int | None:
    return hits[-1].message_id if len(hits) >= limit else looked_to or None


def _hits(statement: str, *values: str | int) -> list[Hit]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Hit(*row) for row in cursor.fetchall()]
