"""What a replay asks two versions, and how their answers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.fields.json import KT

from conversations.models import Conversation, Message, Replay
from training.models import Bot

TESTS = {"test"}  # channels on which nobody real writes


@dataclass(frozen=True)
class IntentPair:
    """Turns that one version takes as `left` and the other as `right`."""

    left: str
    right: str
    count: int

    @property
    def same_intent(self) -> bool:
        return self.left == self.right


def conversations_to_replay(bot: Bot, count: int) -> Sequence[Conversation]:
    """The newest conversations of real people in which something was said to this bot."""
    rows = Conversation.objects.exclude(channel__in=TESTS).filter(environment__bot=bot, last_turn__gt=0)
    return list(rows.order_by("-last_active", "-id").only("public_id", "channel")[:count])


def visitor_messages(conversation_id: int, limit: int) -> Sequence[Message]:
    """The first ones of a conversation, with what a turn needs of them."""
    rows = Message.objects.filter(conversation=conversation_id, role=Message.Role.USER).order_by("seq")
    fields = ("conversation_id", "seq", "turn", "text", "payload", "metadata")
    return list(rows.only(*fields)[:limit])


def intent_pairs(replay: Replay) -> Sequence[IntentPair]:
    """The most frequent first."""
    named = replay.turns.annotate(was=KT("left__intent"), now=KT("right__intent")).order_by()
    rows = named.values("was", "now").annotate(count=Count("pk")).order_by("-count", "was", "now")
    return [IntentPair(row["was"] or "", row["now"] or "", row["count"]) for row in rows]


def differing_conversation_count(replay: Replay) -> int:
    """In how many conversations the versions differ somewhere."""
    return replay.turns.order_by().values("conversation").distinct().count()
