"""The search in all messages: newest hits first, a bounded number at a time.

`refund my "new york"`: messages that have all of it: words that begin so (from two letters on) and phrases as they
stand. Case and the accents of Latin letters make no difference. A conversation is shown at its newest hit of a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet

from conversations.models import Conversation, Message
from conversations.search_index import MARKS, PUNCTUATION
from conversations.selectors.talk import channels_in_use

BATCH = 500  # hits that a search looks at first
LOOKED_AT = 5_000  # and at most, where filters leave few of them
SENDERS = 5_000  # newest conversations whose sender may contain the words
_WORD = re.compile(rf"[^\s\0{re.escape(PUNCTUATION)}]+")
_MARKS = re.compile(f"[{MARKS}]")
_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
# PostgreSQL would sort all hits of a common word. So it looks through the newest messages first, one by one, and then
# asks the index for ever larger windows of ids.
ENOUGH = 100  # hits, not to look into the next window
_NEWEST = 500
_WINDOWS = (30_000, 250_000, 2_000_000)
_PREFIX_LETTERS = 2

_IN_SQLITE = """
SELECT m.id, m.conversation_id, m.seq FROM (
    SELECT rowid AS hit FROM conversations_message_words
    WHERE conversations_message_words MATCH %s AND rowid < %s ORDER BY rowid DESC LIMIT %s
) JOIN conversations_message m ON m.id = hit ORDER BY m.id DESC
"""
_IN_POSTGRESQL = """
WITH hits AS MATERIALIZED (
    SELECT id, conversation_id, seq FROM conversations_message
    WHERE conversations_message_words(text) @@ to_tsquery('simple', %s) AND id >= %s AND id < %s
) SELECT * FROM hits ORDER BY id DESC LIMIT %s
"""
_THE_NEWEST = """
SELECT id, conversation_id, seq FROM (
    SELECT id, conversation_id, seq, text FROM conversations_message WHERE id >= %s AND id < %s OFFSET 0
) newest WHERE conversations_message_words(text) @@ to_tsquery('simple', %s) ORDER BY id DESC LIMIT %s
"""


@dataclass(frozen=True)
class Hit:
    message_id: int
    conversation_id: int
    seq: int


@dataclass(frozen=True)
class Found:
    """`older`: the id of the message from which on an older search goes on, None where there are no more hits."""

    hits: Sequence[Hit]
    older: int | None


@dataclass(frozen=True)
class Term:
    """Words that follow each other, folded; `prefix`: the one word may go on."""

    words: tuple[str, ...]
    prefix: bool


def terms(query: str) -> list[Term]:
    """What is looked for. A word that punctuation parts, like "it's", is a phrase whose last word may go on."""
    found = []
    for phrase, word in _PARTS.findall(query):
        words = tuple(_WORD.findall(folded(phrase or word)))
        if words:
            found.append(Term(words, bool(word) and len(words[-1]) >= _PREFIX_LETTERS))
    return found


def folded(text: str) -> str:
    """Lower case, without accents."""
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.lower())))


def search(query: str, rows: QuerySet[Conversation], size: int, *, before: int | None = None) -> Found:
    """Conversations of `rows` with a message that has all of it, older than the message `before`."""
    looked_for = terms(query)
    found: dict[int, Hit] = {}
    upto = before if before is not None else _behind_the_newest()
    looked_at = 0
    while looked_for and looked_at < LOOKED_AT:
        batch, following = _hits(looked_for, upto, LOOKED_AT - BATCH if looked_at else BATCH)
        looked_at += max(len(batch), BATCH)
        for hit in _among(rows, [hit for hit in batch if hit.conversation_id not in found]):
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
    for match in _WORD.finditer(text):
        word = folded(match.group())
        if any(word.startswith(part) if prefix else word == part for part, prefix in wanted):
            yield text[end : match.start()], False
            yield match.group(), True
            end = match.end()
    yield text[end:], False


def _among(rows: QuerySet[Conversation], hits: Sequence[Hit]) -> list[Hit]:
    kept = set(rows.filter(pk__in={hit.conversation_id for hit in hits}).order_by().values_list("pk", flat=True))
    return [hit for hit in hits if hit.conversation_id in kept]


def _behind_the_newest() -> int:
    return (Message.objects.order_by().aggregate(newest=Max("id"))["newest"] or 0) + 1


def _hits(looked_for: Sequence[Term], before: int, limit: int) -> tuple[list[Hit], int | None]:
    """The newest, and before which message the next ones are; None where there are none."""
    if connection.vendor == "sqlite":
        asked = " ".join(f'"{" ".join(term.words)}"{" *" if term.prefix else ""}' for term in looked_for)
        hits = _asked(_IN_SQLITE, asked, before, limit)
        return hits, _next(hits, limit, 0)
    asked = " & ".join(f"'{' '.join(term.words)}'{':*' if term.prefix else ''}" for term in looked_for)
    low = max(0, before - _NEWEST)
    hits = _asked(_THE_NEWEST, low, before, asked, limit)
    for width in (*_WINDOWS, before):
        if len(hits) >= min(ENOUGH, limit) or low == 0:
            break
        low, high = max(0, before - width), low
        hits += _asked(_IN_POSTGRESQL, asked, low, high, limit - len(hits))
    return hits, _next(hits, limit, low)


def _next(hits: Sequence[Hit], limit: int, looked_down_to: int) -> int | None:
    return hits[-1].message_id if len(hits) >= limit else looked_down_to or None


def _asked(statement: str, *values: str | int) -> list[Hit]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Hit(*row) for row in cursor.fetchall()]


def _has_id(words: str) -> Q:
    try:
        return Q(public_id=UUID(words))
    except ValueError:
        return Q(pk__in=[])
