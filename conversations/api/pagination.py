"""Pages of conversations and of what belongs to one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from assistant.lib.api.pagination import ApiPagination
from assistant.lib.errors import FrontdeskError
from conversations.api.filters import conversation_filter
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

    Cursors: `older-<cursor of the selector>`, `newer-...`; in a search `hits-<id of a message>`.
    """

    def paginate_queryset(
        self, queryset: QuerySet[Conversation], request: Request, view: Any = None
    ) -> list[Conversation]:
        # DRF asks for the links after the page, without the request: so they are kept.
        self.url, self.size, self.query = request.build_absolute_uri(), self.get_page_size(request), view.query
        direction, _, text = request.query_params.get("cursor", "").partition("-")
        rows = filtered(queryset, conversation_filter(self.query))
        if self.query.get("q"):
            return self._search_page(rows, direction, text)
        return self._list_page(rows, direction, text)

    def get_next_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.next) if self.next else None

    def get_previous_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", self.previous) if self.previous else None

    def _list_page(self, rows: QuerySet[Conversation], direction: str, text: str) -> list[Conversation]:
        cursor = Cursor.parse(text)
        if direction not in {"", "older", "newer"} or (direction and cursor is None):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        ends = {"before": cursor} if direction == "older" else {"after": cursor} if direction == "newer" else {}
        page = list_page(rows, self.size, scan=needs_scan(conversation_filter(self.query)), **ends)
        self.next = f"older-{page.older}" if page.older else ""
        self.previous = f"newer-{page.newer}" if page.newer else ""
        return list(page.rows)

    def _search_page(self, rows: QuerySet[Conversation], direction: str, text: str) -> list[Conversation]:
        if direction not in {"", "hits"} or (direction and not (text.isdecimal() and len(text) < 19)):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        # Those whose sender or id fits come before all hits, so on the first page only.
        named = [] if direction else conversations_by_name(self.query["q"], rows)
        page = search_page(self.query["q"], rows, self.size, before=int(text) if direction else None)
        ids = list(dict.fromkeys([*named, *(hit.conversation_id for hit in page.hits)]))
        self.next, self.previous = f"hits-{page.older}" if page.older else "", ""
        by_id = rows.in_bulk(ids)
        return [by_id[pk] for pk in ids if pk in by_id]
