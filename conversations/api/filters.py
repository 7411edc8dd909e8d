"""The filters of the list and the export, as the selectors of the staff site take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from conversations.models import Conversation
from conversations.selectors.lists import ConversationFilter, filtered
from conversations.selectors.search import conversations_by_name, search_page

HITS_AT_ONCE = 500


def conversation_filter(query: Mapping[str, Any]) -> ConversationFilter:
    """All but `q`, which is a search. `failed` is an older name for one kind of trouble."""
    filters = {name: value for name, value in query.items() if name not in {"q", "failed", "format", "max_confidence"}}
    if "max_confidence" in query:
        filters["confidence"] = query["max_confidence"]
    if query.get("failed"):
        filters["trouble"] = "failed"
    return ConversationFilter(**filters)


def matching_conversations(query: Mapping[str, Any]) -> QuerySet[Conversation]:
    """Everything that fits, for an export."""
    rows = filtered(Conversation.objects.all(), conversation_filter(query))
    if not query.get("q"):
        return rows
    # A search gives hits in messages, a page at a time; an export wants their conversations, all of them.
    ids, before = set(conversations_by_name(query["q"], rows)), None
    while True:
        page = search_page(query["q"], rows, HITS_AT_ONCE, before=before)
        ids |= {hit.conversation_id for hit in page.hits}
        if page.older is None:
            return Conversation.objects.filter(pk__in=ids)
        before = page.older
