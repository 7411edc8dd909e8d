"""Whose conversation is whose."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.db.models import Q

from conversations.models import Conversation, ConversationQuerySet, Message, Note


def conversations_of(identifier: str) -> ConversationQuerySet:
    """By `channel:sender`, by the sender alone, or by the conversation's own id."""
    channel, _, sender = identifier.partition(":")
    wanted = Q(external_id=identifier) | Q(channel=channel, external_id=sender)
    with suppress(ValueError):
        wanted |= Q(public_id=UUID(identifier))
    return Conversation.objects.filter(wanted).order_by("pk")


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
