"""Where the assistant did worst: what staff look at first in the morning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from conversations.models import Conversation, Message
from conversations.models.talk import UNSURE

LOOKED_AT = 500  # of the newest that have a sign of trouble


@dataclass(frozen=True)
class Trouble:
    """A conversation and the message in it that went worst, None where it can't be told."""

    conversation: Conversation
    message: Message | None

    @property
    def seq(self) -> int | None:
        return self.message.seq if self.message else None


def worst_since(since: datetime, count: int) -> list[Trouble]:
    """Not yet reviewed, the worst first: failed, then disliked, then unsure."""
    signs = Q(failed_turns__gt=0) | Q(thumbs_down__gt=0) | Q(lowest_confidence__lt=UNSURE)
    rows = Conversation.objects.unreviewed().filter(signs, last_active__gte=since).defer("snapshot")
    found = sorted(rows.order_by("-last_active", "-id")[:LOOKED_AT], key=_badness)[:count]
    said = _said_in(found)
    return [Trouble(row, _worst_of(said.get(row.pk, []))) for row in found]


def _badness(row: Conversation) -> tuple[int, int, float]:
    return -row.failed_turns, -row.thumbs_down, 1.0 if row.lowest_confidence is None else row.lowest_confidence


def _said_in(rows: Sequence[Conversation]) -> dict[int, list[Message]]:
    """The visitor's messages and what was disliked, by conversation."""
    wanted = Q(role=Message.Role.USER) | Q(feedback="down")
    fields = ("conversation_id", "seq", "turn", "text", "payload", "role", "status", "intent", "confidence", "feedback")
    found: dict[int, list[Message]] = {}
    for message in Message.objects.filter(wanted, conversation__in=rows).only(*fields):
        found.setdefault(message.conversation_id, []).append(message)
    return found


def _worst_of(said: Sequence[Message]) -> Message | None:
    """The visitor's message that failed, whose answer was disliked, or that was understood with least confidence."""
    disliked = {message.turn for message in said if message.feedback == "down"}

    def weight(message: Message) -> tuple[bool, bool, float, int]:
        sure = 1.0 if message.confidence is None else message.confidence
        return message.status != Message.Status.FAILED, message.turn not in disliked, sure, -message.seq

    return min((message for message in said if message.role == Message.Role.USER), key=weight, default=None)
