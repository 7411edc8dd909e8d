"""The API's list of conversations: the same reads as the staff site's list, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from assistant.lib.api.pages import Newest
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation
from conversations.selectors.finding import Place, Wanted, narrowed, page, walks
from conversations.selectors.searching import by_name, search

ASKED = {"max_confidence": "confidence"}  # names of ours that differ from the selector's
AT_ONCE = 500
Rows = QuerySet[Conversation]


def wanted_by(filters: Mapping[str, Any]) -> Wanted:
    named = {ASKED.get(name, name): value for name, value in filters.items() if name not in {"q", "failed", "format"}}
    trouble = {"trouble": "failed"} if filters.get("failed") else {}
    return Wanted(**{**named, **trouble})


def all_found(filters: Mapping[str, Any]) -> Rows:
    """Everything that fits, for an export."""
    rows = narrowed(Conversation.objects.all(), wanted_by(filters))
    if not filters.get("q"):
        return rows
    ids, before = set(by_name(filters["q"], rows)), None
    while True:
        hits = search(filters["q"], rows, AT_ONCE, before=before)
        ids |= {hit.conversation_id for hit in hits.hits}
        if hits.older is None:
            return Conversation.objects.filter(pk__in=ids)
        before = hits.older


class Pages(Newest):
    """Cursors: `older-<place>`, `newer-<place>`; in a search `hits-<message>`."""

    def __init__(self, filters: Mapping[str, Any]) -> None:
        self.filters = filters

    def paginate_queryset(self, queryset: Rows, request: Request, view: Any = None) -> list[Conversation]:
        self.url, self.size = request.build_absolute_uri(), self.get_page_size(request)
        way, _, place = request.query_params.get("cursor", "").partition("-")
        rows = narrowed(queryset, wanted_by(self.filters))
        if self.filters.get("q"):
            return self._searched(rows, way, place)
        return self._listed(rows, way, place)

    def get_next_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.next) if self.next else None

    def get_previous_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.previous) if self.previous else None

    def _listed(self, rows: Rows, way: str, text: str) -> list[Conversation]:
        place = Place.parse(text)
        if way not in {"", "older", "newer"} or (way and place is None):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        ends = {"before": place} if way == "older" else {"after": place} if way == "newer" else {}
        found = page(rows, self.size, walk=walks(wanted_by(self.filters)), **ends)
        self.next = f"older-{found.older}" if found.older else ""
        self.previous = f"newer-{found.newer}" if found.newer else ""
        return list(found.rows)

    def _searched(self, rows: Rows, way: str, text: str) -> list[Conversation]:
        if way not in {"", "hits"} or (way and not (text.isdecimal() and len(text) < 19)):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        named = [] if way else by_name(self.filters["q"], rows)
        hits = search(self.filters["q"], rows, self.size, before=int(text) if way else None)
        ids = list(dict.fromkeys([*named, *(hit.conversation_id for hit in hits.hits)]))
        self.next, self.previous = f"hits-{hits.older}" if hits.older else "", ""
        found = rows.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]
