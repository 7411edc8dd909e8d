"""Pages of conversations and of what belongs to one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from assistant.lib.api.pagination import ApiPagination
from assistant.lib.errors import FrontdeskError
from conversations.api.filters import wanted_by
from conversations.models import Conversation
from conversations.selectors.lists import Cursor, filtered, list_page, needs_scan
from conversations.selectors.search import conversations_by_name, search_page


class SeqPagination(ApiPagination):
    """Messages of a conversation, the oldest first."""

    ordering = ("seq",)


class PositionPagination(ApiPagination):
    """Events of a conversation, the oldest first."""

    ordering = ("position",)


class ConversationPagination(ApiPagination):
    """The same reads as the staff site's list, by the filters in the view's query.

    Cursors: `older-<place>`, `newer-<place>`; in a search `hits-<message>`.
    """

    def paginate_queryset(
        self, queryset: QuerySet[Conversation], request: Request, view: Any = None
    ) -> list[Conversation]:
        # DRF asks for the links after the page, without the request: so they are kept.
        self.url, self.size, self.query = request.build_absolute_uri(), self.get_page_size(request), view.query
        direction, _, place = request.query_params.get("cursor", "").partition("-")
        rows = filtered(queryset, wanted_by(self.query))
        if self.query.get("q"):
            return self._search_page(rows, direction, place)
        return self._list_page(rows, direction, place)

    def get_next_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.next) if self.next else None

    def get_previous_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.previous) if self.previous else None

    def _list_page(self, rows: QuerySet[Conversation], direction: str, text: str) -> list[Conversation]:
        place = Cursor.parse(text)
        if direction not in {"", "older", "newer"} or (direction and place is None):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        ends = {"before": place} if direction == "older" else {"after": place} if direction == "newer" else {}
        found = list_page(rows, self.size, scan=needs_scan(wanted_by(self.query)), **ends)
        self.next = f"older-{found.older}" if found.older else ""
        self.previous = f"newer-{found.newer}" if found.newer else ""
        return list(found.rows)

    def _search_page(self, rows: QuerySet[Conversation], direction: str, text: str) -> list[Conversation]:
        if direction not in {"", "hits"} or (direction and not (text.isdecimal() and len(text) < 19)):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        # Those whose sender or id fits come before all hits, so on the first page only.
        named = [] if direction else conversations_by_name(self.query["q"], rows)
        hits = search_page(self.query["q"], rows, self.size, before=int(text) if direction else None)
        ids = list(dict.fromkeys([*named, *(hit.conversation_id for hit in hits.hits)]))
        self.next, self.previous = f"hits-{hits.older}" if hits.older else "", ""
        by_id = rows.in_bulk(ids)
        return [by_id[pk] for pk in ids if pk in by_id]
