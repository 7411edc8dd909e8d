"""Lists come a page at a time, by a cursor that stays right while rows are added."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from assistant.lib.errors import FrontdeskError


class ApiPagination(CursorPagination):
    """The newest first."""

    page_size = 50
    page_size_query_param = "page_size"
    page_size_query_description = "At most 200."
    max_page_size = 200
    ordering: Any = ("-id",)
    invalid_cursor_message = "This cursor is none of ours."

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ValidationError):  # the last two: of what no column could hold
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor") from None

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param, str(self.page_size))
        # Nine digits are enough: Python takes long to read a number of a million.
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size):
            raise FrontdeskError(f"page_size is a number from 1 to {self.max_page_size}.", code="bad_page_size")
        return int(text)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        # As DRF's own, without its example addresses; all three are always there.
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "From `next` or `previous`.",
            },
            {"name": "page_size", "in": "query", "schema": size},
        ]


class NamePagination(ApiPagination):
    """By name, which is unique among the rows of a bot."""

    ordering = ("name",)


class ListPagination(ApiPagination):
    """Pages of a list that is computed anew for each request: a cursor is a place in it."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        start, size = request.query_params.get("cursor", "0"), self.get_page_size(request)
        # A cursor is a number here, and no list has places of ten digits.
        if not (start.isascii() and start.isdigit() and len(start) < 10):
            raise FrontdeskError(self.invalid_cursor_message, code="bad_cursor")
        self.url, self.start, self.size, self.total = request.build_absolute_uri(), int(start), size, len(queryset)
        return list(queryset[self.start : self.start + size])

    def get_next_link(self) -> str | None:
        end = self.start + self.size
        return replace_query_param(self.url, "cursor", end) if end < self.total else None

    def get_previous_link(self) -> str | None:
        return replace_query_param(self.url, "cursor", max(0, self.start - self.size)) if self.start else None
