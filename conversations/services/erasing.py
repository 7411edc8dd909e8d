"""A person's conversations, with what was learned from them and what the audit log says of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Q

from assistant.lib.database import writing
from assistant.lib.erasure import forget_about
from conversations.models import Annotation, Conversation
from conversations.services.deleting import Deleted, delete_conversations
from training.models import Example
from training.services.erasing import Traces, erase_examples


def erase_conversation(*, conversation: Conversation) -> tuple[Deleted, Traces, int]:
    """All or nothing. Whoever answers it meanwhile finds no row to write to. Returns what went, what the assistant had
    learned, and how many entries of the audit log lost their words."""
    with writing():
        judged = list(Annotation.objects.filter(conversation=conversation).values_list("pk", flat=True))
        learned = erase_examples(examples=learned_only_from([conversation]))
        gone = delete_conversations(ids=[conversation.pk], by=None)
        entries = forget_about(Conversation, [conversation.pk]) + forget_about(Annotation, judged)
        return gone, learned, entries


def learned_only_from(conversations: Sequence[Conversation]) -> list[Example]:
    """Not where the same words were judged in somebody else's conversation, too."""
    if not conversations:
        return []
    theirs = reduce(or_, (Q(source__startswith=f"{talk.public_id}#") for talk in conversations))
    rows = list(Example.objects.filter(theirs, origin=Example.Origin.REVIEW))
    others = Annotation.objects.filter(example__in=rows).exclude(conversation__in=[talk.pk for talk in conversations])
    shared = set(others.values_list("example", flat=True))
    return [row for row in rows if row.pk not in shared]
