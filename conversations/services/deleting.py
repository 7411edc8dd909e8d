"""Conversations that are to be gone for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.models import Annotation, Conversation, ConversationQuerySet, Event, Message, Note, ReplayedTurn
from training.services import forget_sources

AT_ONCE = 50  # conversations in one transaction: others want to write, too


@dataclass(frozen=True)
class Deleted:
    conversations: int = 0
    messages: int = 0
    events: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(
            self.conversations + other.conversations, self.messages + other.messages, self.events + other.events
        )


def delete_conversations(
    *, ids: Sequence[int], by: AbstractBaseUser | None, among: ConversationQuerySet | None = None
) -> Deleted:
    """Their messages, events, verdicts and notes go with them. What the assistant learned from them stays, without its
    source. The audit log keeps counts, and no words of notes and marks. Ids that are not there are passed over, and so
    are those that are not `among` these any more once they are locked."""
    if len(ids) > 100_000:
        raise FrontdeskError("At most 100,000 conversations at a time.", code="too_many")
    gone = Deleted()
    for start in range(0, len(ids), AT_ONCE):
        with write_transaction():
            gone += _delete_some(ids[start : start + AT_ONCE], by, among)
    return gone


def _delete_some(ids: Sequence[int], by: AbstractBaseUser | None, among: ConversationQuerySet | None) -> Deleted:
    chosen = Conversation.objects.all() if among is None else among
    rows = list(chosen.select_for_update().filter(pk__in=ids).order_by("pk"))
    gone = Deleted()
    for row in rows:
        counted = Deleted(1, row.last_seq, row.event_count)
        audit.record(row, {"messages": (row.last_seq, 0), "events": (row.event_count, 0)}, by=by, action=audit.DELETED)
        gone += counted
    forget_sources(conversations=[str(row.public_id) for row in rows])
    audit.redact(Conversation, [row.pk for row in rows], "note")
    audit.redact(Annotation, Annotation.objects.filter(conversation__in=rows).values_list("pk", flat=True), "entities")
    for model in (ReplayedTurn, Note, Annotation, Event, Message):
        model.objects.filter(conversation__in=rows).delete()
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return gone
