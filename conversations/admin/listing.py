"""The list of conversations: newest first, page after page, narrowed by its address or searched."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf, Substr
from django.http import Http404, HttpRequest, HttpResponse

from assistant.lib.admin import capped_count, parse_id
from assistant.lib.errors import FrontdeskError
from conversations import selectors
from conversations.admin.acting import ChooseWhatToDo
from conversations.admin.cells import Cells
from conversations.admin.filters import Filters
from conversations.errors import Gone
from conversations.models import Conversation, Message
from conversations.services import mark_reviewed, tag_conversation

PAGE = 50
COUNTED = 1_000  # more are not counted
SNIPPET = 160  # characters of the visitor's last message

Rows = QuerySet[Conversation]


class ConversationList(ChangeList):
    """Django's list with our filters, search and pages. `older` and `newer` are addresses, empty where there is
    nothing more; `count` is empty where it is not known."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> Rows:
        self.filters = Filters(self.params)
        if self.filters.left_out:
            words = ", ".join(self.filters.left_out)
            messages.warning(request, f"Not understood, so the list is not narrowed by it: {words}.")
        self.filter_specs, self.has_filters = [], False
        self.has_active_filters = bool(self.filters.chips or self.filters.wanted.review)
        self.clear_all_filters_qs = "?"
        self.older = self.newer = self.count = ""
        self.looked_through = False
        return selectors.filtered(self.root_queryset, self.filters.wanted)

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = self._searched() if self.query.strip() else self._paged()
        self.result_count = len(self.result_list)
        self.full_result_count, self.can_show_all, self.multi_page = None, False, False
        self.show_admin_actions = True
        self.paginator = Paginator(self.result_list, PAGE)

    def url_for_result(self, result: Any) -> str:
        """A hit of the search opens at its message."""
        url = super().url_for_result(result)
        return f"{url}?at={result.hit_seq}" if hasattr(result, "hit_seq") else url

    @property
    def without_query(self) -> str:
        return self.filters.url(q="")

    def _paged(self) -> list[Conversation]:
        place = selectors.Cursor.parse
        before, after = (place(self.params.get(name, "")) for name in ("before", "after"))
        walk = selectors.needs_scan(self.filters.wanted)
        page = selectors.list_page(self.queryset.only("last_active"), PAGE, before=before, after=after, scan=walk)
        self.older = self.filters.url() + _and("before", page.older) if page.older else ""
        self.newer = self.filters.url() + _and("after", page.newer) if page.newer else ""
        self.looked_through = page.partial
        if not (before or after or walk):
            self.count = self._counted(len(page.rows))
        return self._whole([row.pk for row in page.rows])

    def _searched(self) -> list[Conversation]:
        start = self.params.get("from", "")
        before = parse_id(start)
        found = selectors.search_page(self.query, self.queryset, PAGE, before=before)
        named = [] if before else selectors.conversations_by_name(self.query, self.queryset)
        hits = {hit.conversation_id: hit for hit in found.hits}
        rows = self._whole([*(pk for pk in named if pk not in hits), *hits])
        texts = dict(Message.objects.filter(pk__in=[hit.message_id for hit in found.hits]).values_list("pk", "text"))
        for row in rows:
            if hit := hits.get(row.pk):
                row.hit_seq, row.snippet = hit.seq, texts[hit.message_id]  # type: ignore[attr-defined]
                row.query = self.query  # type: ignore[attr-defined]
        self.older = self.filters.url() + _and("from", found.older) if found.older else ""
        return rows

    def _counted(self, shown: int) -> str:
        if not self.older:
            return f"{shown}"
        count = capped_count(self.queryset, COUNTED + 1)
        return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"

    def _whole(self, ids: Sequence[int]) -> list[Conversation]:
        """These conversations in this order, each with the beginning of the visitor's last message as `snippet`."""
        newest = Message.objects.filter(conversation=OuterRef("pk"), role=Message.Role.USER, turn=OuterRef("last_turn"))
        snippet = Subquery(newest.values(short=Substr(Coalesce(NullIf("text", Value("")), "payload"), 1, SNIPPET)))
        rows = self.root_queryset.annotate(snippet=snippet).select_related("reviewed_by").prefetch_related("tags")
        found = rows.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]


class ConversationListing(Cells):
    """The list side of a ModelAdmin of conversations."""

    actions: Any = ["tag", "mark_reviewed"]
    action_form = ChooseWhatToDo
    actions_selection_counter = True
    list_display_links = ("who",)
    sortable_by = ()
    ordering = ("-last_active", "-id")
    list_per_page = PAGE
    search_fields = ("external_id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConversationList]:
        return ConversationList

    def get_queryset(self, request: HttpRequest) -> Rows:
        return super().get_queryset(request).defer("snapshot")

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.review_conversation")

    def response_action(self, request: HttpRequest, queryset: Rows) -> HttpResponse | None:
        if any(parse_id(pk) is None for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404("There is no such conversation.")
        return super().response_action(request, queryset)

    @admin.action(description="Mark reviewed", permissions=["review"])
    def mark_reviewed(self, request: HttpRequest, queryset: Rows) -> None:
        rows = list(queryset)
        for row in rows:
            with suppress(Gone):
                mark_reviewed(conversation=row, by=cast(User, request.user))
        self._say(request, f"Reviewed: {_conversations(len(rows))}.")

    @admin.action(description="Add tag", permissions=["review"])
    def tag(self, request: HttpRequest, queryset: Rows) -> None:
        name = request.POST.get("tag", "").strip()
        rows = list(queryset)
        try:
            for row in rows if name else []:
                tag_conversation(conversation=row, add=[name], by=cast(User, request.user))
        except FrontdeskError as error:
            self._say(request, error.message, messages.ERROR)
            return
        said = f"Tagged “{name}”: {_conversations(len(rows))}." if name else "Write the name of the tag first."
        self._say(request, said, messages.SUCCESS if name else messages.WARNING)

    def _say(self, request: HttpRequest, words: str, level: int = messages.SUCCESS) -> None:
        messages.add_message(request, level, words)


def _and(name: str, value: object) -> str:
    return f"&{name}={value}"


def _conversations(count: int) -> str:
    return f"{count} conversation{'' if count == 1 else 's'}"
