"""Conversations: a list with filters, search and actions, and the review page of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import Http404, HttpRequest, HttpResponse

from assistant.lib.admin import Navigation, Panel, ReadOnlyAdmin, Section, parse_id
from conversations.admin.actions import ConversationActionForm, ConversationActions, Rows
from conversations.admin.changelist import PAGE, ConversationColumns, ConversationList
from conversations.admin.panels import panels, sections
from conversations.admin.review.pages import ReviewPages
from conversations.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(ConversationActions, ConversationColumns, ReviewPages, ReadOnlyAdmin):
    """Whoever may read conversations sees all of them."""

    navigation = [Navigation("Conversations", 10, also=("admin:conversations_retention_changelist",))]
    list_display = ("who", "last_words", "message_count", "confidence", "signs", "review")
    list_display_links = ("who",)
    list_per_page = PAGE
    ordering = ("-last_active", "-id")
    sortable_by = ()
    search_fields = ("external_id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions: Any = ["tag", "mark_reviewed", "export_json", "export_csv", "export_stories"]
    action_form = ConversationActionForm
    actions_selection_counter = True

    def panels(self, request: HttpRequest) -> list[Panel]:
        """Of the index page."""
        return panels()

    def sections(self, request: HttpRequest) -> list[Section]:
        """Of the index page."""
        return sections()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConversationList]:
        return ConversationList

    def get_queryset(self, request: HttpRequest) -> Rows:
        return super().get_queryset(request).defer("snapshot")  # the largest column, and no page shows it

    def response_action(self, request: HttpRequest, queryset: Rows) -> HttpResponse | None:
        # A database fails at numbers that no key can be.
        if any(parse_id(pk) is None for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404("There is no such conversation.")
        return super().response_action(request, queryset)
