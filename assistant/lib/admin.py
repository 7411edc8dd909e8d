"""What the admin of every app uses: base classes, and what a ModelAdmin contributes to pages that are not its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

MAX_DIGITS = 18  # of a number that both databases take


@dataclass(frozen=True)
class Panel:
    """One fact on the index page; `url` shows the rows behind it, `note` what it means or what to do next."""

    title: str
    value: str
    url: str
    note: str = ""
    attention: bool = False


@runtime_checkable
class HasPanels(Protocol):
    """A ModelAdmin that has something to say on the index page."""

    def panels(self, request: HttpRequest) -> Sequence[Panel]:
        """Asked only where the user may view the model."""


@dataclass(frozen=True)
class Section:
    """More than a number to show on the index page: a template and what it is given."""

    template: str
    context: Mapping[str, Any]


@runtime_checkable
class HasSections(Protocol):
    """A ModelAdmin that has a section on the index page."""

    def sections(self, request: HttpRequest) -> Sequence[Section]:
        """Asked only where the user may view the model."""


@runtime_checkable
class HasAdditions(Protocol):
    """A ModelAdmin that adds to the page of rows that know nothing of it."""

    def additions(self, request: HttpRequest, *rows: Model) -> Sequence[Section]:
        """Empty where it has nothing to say of them, or not to this user."""


def additions_to(request: HttpRequest, page: admin.ModelAdmin, *rows: Model) -> list[Section]:
    """What the others on its site add to this page of these rows."""
    pages = [other for other in page.admin_site._registry.values() if isinstance(other, HasAdditions)]
    return [section for other in pages for section in other.additions(request, *rows)]


@dataclass(frozen=True)
class Navigation:
    """A place in the navigation of every staff page. A ModelAdmin names its places in an attribute:

        navigation = [Navigation("Training data", 20), Navigation("Findings", 30, "admin:training_findings")]

    `url_name` is empty for the list of the ModelAdmin itself. `order` is the place from left to right: Conversations
    10, Training data 20, Models 30, Findings 40, Replays 50, Audit log 60, Staff 70. A place is shown to whoever has
    `permission`; where that is empty, to whoever may view the ModelAdmin. Pages that lie under its address show it as
    the current one, and so do those under the addresses in `also`.
    """

    title: str
    order: int
    url_name: str = ""
    permission: str = ""
    also: tuple[str, ...] = ()


@runtime_checkable
class HasNavigation(Protocol):
    """A ModelAdmin with places in the navigation."""

    navigation: Sequence[Navigation]


class PermissionAdmin(admin.ModelAdmin):
    """Asks for permissions of ours (`app.codename`) instead of Django's four; whoever may change may view.

    Where one is empty, nobody may.
    """

    view_permission = ""
    add_permission = ""
    change_permission = ""
    delete_permission = ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, self.view_permission) or self.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _may(request, self.add_permission)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, self.change_permission)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _may(request, self.delete_permission)


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
        return min(self._count_to_cap, self.cap)

    @cached_property
    def capped(self) -> bool:
        """Whether there are more than `cap`."""
        return self._count_to_cap > self.cap

    @cached_property
    def _count_to_cap(self) -> int:
        return capped_count(cast(QuerySet, self.object_list), self.cap + 1)


def parse_id(text: str) -> int | None:
    """An id or a revision out of a form or an address; None where no row can have it."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


def capped_count(rows: QuerySet, at_most: int) -> int:
    """How many rows there are, counted no further than `at_most`."""
    return rows.order_by().values("pk")[:at_most].count()


def _may(request: HttpRequest, permission: str) -> bool:
    return bool(permission) and request.user.has_perm(permission)
