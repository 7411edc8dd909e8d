"""Conversations with what was learned from them and what the audit log says of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.erasure import redact_logs_about
from conversations.models import Annotation, Conversation
from conversations.services.deleting import AT_ONCE, Deleted, delete_conversations
from training.models import Example
from training.services.erasing import Traces, erase_examples


def erase_conversation(*, conversation: Conversation) -> tuple[Deleted, Traces, int]:
    """All or nothing. Whoever answers it meanwhile finds no row to write to. Returns what went, what the assistant had
    learned, and how many entries of the audit log lost their words."""
    with write_transaction():
        judged = list(Annotation.objects.filter(conversation=conversation).values_list("pk", flat=True))
        learned = erase_examples(examples=learned_only_from([conversation]))
        gone = delete_conversations(ids=[conversation.pk], by=None)
        entries = redact_logs_about(Conversation, [conversation.pk]) + redact_logs_about(Annotation, judged)
        return gone, learned, entries


@dataclass(frozen=True)
class DeletedWithExamples:
    """`versions`: names of those that were trained on the texts; they keep them as long as they are there."""

    conversations: Deleted
    examples: int
    versions: Sequence[str]


def delete_with_examples(*, ids: Sequence[int], by: AbstractBaseUser) -> DeletedWithExamples:
    """Also the examples that were made of these conversations only, for good, with what evaluations, jobs and the audit
    log quote of them."""
    gone, examples, versions = Deleted(), 0, set()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        with write_transaction():
            learned = erase_examples(examples=learned_only_from(Conversation.objects.filter(pk__in=some)))
            audit.record(by, {"examples of deleted conversations": (len(learned.examples), 0)}, by=by)
            gone += delete_conversations(ids=some, by=by)
        examples += len(learned.examples)
        versions |= set(learned.versions)
    return DeletedWithExamples(gone, examples, sorted(versions))


def examples_made_of(ids: Sequence[int]) -> int:
    """How many examples stay, unless they are deleted with these conversations."""
    parts = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    return sum(len(learned_only_from(Conversation.objects.filter(pk__in=part))) for part in parts)


def learned_only_from(conversations: Iterable[Conversation]) -> list[Example]:
    """Not where the same words were judged in somebody else's conversation, too."""
    conversations = list(conversations)
    if not conversations:
        return []
    theirs = reduce(or_, (Q(source__startswith=f"{talk.public_id}#") for talk in conversations))
    rows = list(Example.objects.filter(theirs, origin=Example.Origin.REVIEW))
    others = Annotation.objects.filter(example__in=rows).exclude(conversation__in=[talk.pk for talk in conversations])
    shared = set(others.values_list("example", flat=True))
    return [row for row in rows if row.pk not in shared]
