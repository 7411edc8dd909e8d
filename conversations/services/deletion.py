"""Conversations that are deleted for good: with or without the examples that were made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from assistant.change_sets import name_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.erasure import redact_logs_about
from assistant.lib.errors import FrontdeskError
from assistant.models import ChangeSet
from conversations.models import Annotation, Conversation, ConversationQuerySet, Event, Message, Note, ReplayedTurn
from conversations.selectors.deletion import AT_ONCE, examples_made_only_from
from training.services import Traces, erase_examples, forget_sources


@dataclass(frozen=True)
class Deleted:
    """How many rows went."""

    conversations: int = 0
    messages: int = 0
    events: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(
            self.conversations + other.conversations, self.messages + other.messages, self.events + other.events
        )


@dataclass(frozen=True)
class DeletedWithExamples:
    """`versions`: names of those that were trained on the texts; they keep them as long as they are there."""

    conversations: Deleted
    examples: int
    versions: Sequence[str]


def delete_conversations(
    *, ids: Sequence[int], by: AbstractBaseUser | None, among: ConversationQuerySet | None = None
) -> Deleted:
    """Their messages, events, annotations and notes go with them. Examples that were made of them stay, without their
    source. The audit log keeps counts, and no words of notes and annotations. Ids that are not there are passed over,
    and so are those that are not `among` these any more once they are locked."""
    if len(ids) > 100_000:
        raise FrontdeskError("At most 100,000 conversations at a time.", code="too_many")
    deleted = Deleted()
    for start in range(0, len(ids), AT_ONCE):
        with write_transaction():
            deleted += _delete_some(ids[start : start + AT_ONCE], by, among)
    return deleted


def delete_with_examples(*, ids: Sequence[int], by: AbstractBaseUser) -> DeletedWithExamples:
    """Also the examples that were made of these conversations only, for good, with what evaluations, jobs and the audit
    log quote of them."""
    deleted, examples, versions = Deleted(), 0, set()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        with write_transaction():
            erased = erase_examples(examples=examples_made_only_from(Conversation.objects.filter(pk__in=some)))
            # About the user: the examples are gone, and entries about them say nothing any more.
            audit.record(by, {"examples of deleted conversations": (len(erased.examples), 0)}, by=by)
            deleted += delete_conversations(ids=some, by=by)
        examples += len(erased.examples)
        versions |= set(erased.versions)
    return DeletedWithExamples(deleted, examples, sorted(versions))


def erase_conversation(*, conversation: Conversation) -> tuple[Deleted, Traces, int]:
    """Of a person who is to be forgotten, all or nothing. Whoever answers it meanwhile finds no row to write to.
    Returns what went, the examples made of it, and how many entries of the audit log lost their words."""
    with write_transaction():
        annotations = list(Annotation.objects.filter(conversation=conversation).values_list("pk", flat=True))
        erased = erase_examples(examples=examples_made_only_from([conversation]))
        deleted = delete_conversations(ids=[conversation.pk], by=None)
        entries = redact_logs_about(Conversation, [conversation.pk]) + redact_logs_about(Annotation, annotations)
        return deleted, erased, entries


def _delete_some(ids: Sequence[int], by: AbstractBaseUser | None, among: ConversationQuerySet | None) -> Deleted:
    chosen = Conversation.objects.all() if among is None else among
    rows = list(chosen.select_for_update().filter(pk__in=ids).order_by("pk"))
    deleted = Deleted()
    for row in rows:
        counted = Deleted(1, row.last_seq, row.event_count)
        audit.record(row, {"messages": (row.last_seq, 0), "events": (row.event_count, 0)}, by=by, action=audit.DELETED)
        deleted += counted
    forget_sources(conversations=[str(row.public_id) for row in rows])
    audit.redact(Conversation, [row.pk for row in rows], "note")
    audit.redact(Annotation, Annotation.objects.filter(conversation__in=rows).values_list("pk", flat=True), "entities")
    ChangeSet.objects.filter(about__in=[name_of(row) for row in rows]).delete()
    # Those that point at others first: then no deletion finds anything that depends on its rows.
    for model in (ReplayedTurn, Note, Annotation, Event, Message):
        model.objects.filter(conversation__in=rows).delete()
    Conversation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return deleted
