"""Reads of one conversation, and of what waits for an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Min, Q, Sum
from django.db.models.functions import Now
from django.utils.timezone import now

from conversations.models import Conversation, Message

PAGE = 200
AHEAD = timedelta(seconds=2)
LEASE_MARGIN = 2.0  # seconds: what lies further ahead than a lease and this is nobody's

# One look-up in the index for each, where DISTINCT would read every message.
_INTENTS = """
WITH RECURSIVE used(intent) AS (
    SELECT MIN(intent) FROM conversations_message WHERE role = 'user'
    UNION ALL
    SELECT (SELECT MIN(intent) FROM conversations_message WHERE role = 'user' AND intent > used.intent)
    FROM used WHERE used.intent IS NOT NULL
) SELECT intent FROM used WHERE intent > '' LIMIT 1000
"""

# From the question on: a look-up by `seq`, which costs the same in a long conversation.
_ANSWERS = """
WITH asked(conversation_id, turn, seq) AS (VALUES {values})
SELECT asked.conversation_id, asked.turn, m.text, m.content
FROM asked JOIN conversations_conversation c ON c.id = asked.conversation_id AND c.answered_turn >= asked.turn
LEFT JOIN conversations_message m ON m.conversation_id = c.id AND m.seq > asked.seq AND m.turn = asked.turn
    AND m.role <> 'user'
ORDER BY m.seq
"""


def messages_after(conversation_id: int, seq: int, limit: int = PAGE) -> list[Message]:
    """At most `limit` messages after `seq`, oldest first."""
    return list(Message.objects.filter(conversation_id=conversation_id, seq__gt=seq).order_by("seq")[:limit])


def latest_messages(conversation_id: int, limit: int = PAGE) -> list[Message]:
    """The newest `limit` messages, oldest first."""
    return list(Message.objects.filter(conversation_id=conversation_id).order_by("-seq")[:limit])[::-1]


def channels_in_use() -> list[str]:
    """One look-up in the index for each, where DISTINCT would read every conversation."""
    names: list[str] = []
    rows = Conversation.objects.order_by("channel").values_list("channel", flat=True)
    while (name := rows.filter(channel__gt=names[-1] if names else "").first()) is not None:
        names.append(name)
    return names


def intents_in_use() -> list[str]:
    """All that was ever understood."""
    with connection.cursor() as cursor:
        cursor.execute(_INTENTS)
        return [intent for (intent,) in cursor.fetchall()]


def answers_to(asked: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], list[Message]]:
    """The bot's messages for each of `asked` (conversation, turn, seq of the visitor's message) that is answered, in
    order; by conversation and turn. None of the lists need hold any: the bot may keep quiet."""
    found: dict[tuple[int, int], list[Message]] = {}
    for start in range(0, len(asked), PAGE):
        page = asked[start : start + PAGE]
        values = ", ".join(["(%s, %s, %s)"] * len(page))
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERS.format(values=values), [number for place in page for number in place])
            for conversation_id, turn, text, content in cursor.fetchall():
                replies = found.setdefault((conversation_id, turn), [])
                if text is not None:
                    replies.append(Message(text=text, content=json.loads(content)))
    return found


def waiting_for_a_worker(seconds: float = 0.0, limit: int = 500) -> list[int]:
    """Conversations with unanswered turns that no living worker has, where nothing came in for `seconds`. What lies
    ahead was written before a clock was set back."""
    too_far = Now() + timedelta(seconds=settings.LEASE_SECONDS + LEASE_MARGIN)
    free = Q(lease__isnull=True) | Q(lease_until__lt=Now()) | Q(lease_until__gt=too_far)
    quiet = Q(last_active__lte=now() - timedelta(seconds=seconds)) | Q(last_active__gt=now() + AHEAD)
    rows = Conversation.objects.unanswered().filter(free, quiet)
    return list(rows.order_by("last_active").values_list("pk", flat=True)[:limit])


def waiting_now() -> tuple[int, float]:
    """How many turns are unanswered, and for how many seconds the conversation has been silent that waits longest."""
    rows = Conversation.objects.unanswered().aggregate(
        turns=Sum(F("last_turn") - F("answered_turn")), since=Min("last_active")
    )
    seconds = (now() - rows["since"]).total_seconds() if rows["since"] else 0.0
    return rows["turns"] or 0, max(0.0, seconds)
