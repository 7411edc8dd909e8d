"""Which conversations are a person's, and what was made of conversations that are to be deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q

from conversations.models import Annotation, Conversation, ConversationQuerySet, Message, Note
from training.models import Example

AT_ONCE = 50  # conversations in one transaction: others want to write, too


def conversations_of(identifier: str) -> ConversationQuerySet:
    """By `channel:sender`, by the sender alone, or by the conversation's own id."""
    channel, _, sender = identifier.partition(":")
    named = Q(external_id=identifier) | Q(channel=channel, external_id=sender)
    with suppress(ValueError):
        named |= Q(public_id=UUID(identifier))
    return Conversation.objects.filter(named).order_by("pk")


def conversations_with(texts: Iterable[str]) -> ConversationQuerySet:
    """In which one of these was said, by the visitor or to them, or noted by staff, or is part of the sender's name.
    Reads every message."""
    said, noted, named = Q(pk__in=[]), Q(pk__in=[]), Q(pk__in=[])
    for text in texts:
        inside = Q(metadata__icontains=text) | Q(metadata__icontains=json.dumps(text)[1:-1])
        said |= Q(text__icontains=text) | Q(payload__icontains=text) | Q(feedback_reason__icontains=text) | inside
        noted |= Q(text__icontains=text)
        named |= Q(external_id__icontains=text)
    messages = Message.objects.filter(said).values("conversation")
    notes = Note.objects.filter(noted).values("conversation")
    return Conversation.objects.filter(Q(pk__in=messages) | Q(pk__in=notes) | named).order_by("pk")


def examples_made_only_from(conversations: Iterable[Conversation]) -> list[Example]:
    """Not where the same words were annotated in somebody else's conversation, too."""
    conversations = list(conversations)
    if not conversations:
        return []
    sources = reduce(or_, (Q(source__startswith=f"{row.public_id}#") for row in conversations))
    examples = list(Example.objects.filter(sources, origin=Example.Origin.REVIEW))
    elsewhere = Annotation.objects.filter(example__in=examples)
    elsewhere = elsewhere.exclude(conversation__in=[row.pk for row in conversations])
    shared = set(elsewhere.values_list("example", flat=True))
    return [example for example in examples if example.pk not in shared]


def example_count(ids: Sequence[int]) -> int:
    """How many examples stay, unless they are deleted with these conversations."""
    parts = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    return sum(len(examples_made_only_from(Conversation.objects.filter(pk__in=part))) for part in parts)
