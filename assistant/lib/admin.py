"""Pieces of staff pages that know nothing of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property


@dataclass(frozen=True)
class Panel:
    """One fact on the index page; `url` shows the rows behind it, `note` what it means or what to do next."""

    title: str
    value: str
    url: str
    note: str = ""
    attention: bool = False


@runtime_checkable
class Paneled(Protocol):
    """A ModelAdmin that has something to say on the index page."""

    def panels(self, request: HttpRequest) -> Sequence[Panel]:
        """Asked only where the user may view the model."""


class ReadOnlyAdmin(admin.ModelAdmin):
    """Staff read these rows, the product writes them."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CappedPaginator(Paginator):
    """Counts no further than `cap`: counting a large table takes longer than reading a page of it."""

    cap = 5_000

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.cap)

    @cached_property
    def capped(self) -> bool:
        return self._counted > self.cap

    @cached_property
    def _counted(self) -> int:
        return counted(cast(QuerySet, self.object_list), self.cap + 1)


def counted(rows: QuerySet, at_most: int) -> int:
    return rows.order_by().values("pk")[:at_most].count()
