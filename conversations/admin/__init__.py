"""Conversations on the staff site: find one, read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assistant.lib.admin import CappedPaginator, Panel, ReadOnlyAdmin
from conversations.admin.filters import ChannelFilter, EnvironmentFilter, TroubleFilter
from conversations.admin.listing import SEARCHED, ConversationList
from conversations.admin.panels import panels
from conversations.admin.transcript import window
from conversations.models import Conversation, Event, Message


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    list_display = ("who", "channel", "message_count", "status", "failed", "last_words")
    list_filter = ("state", TroubleFilter, ChannelFilter, ("last_active", admin.DateFieldListFilter), EnvironmentFilter)
    actions = None
    search_fields = ("external_id",)
    search_help_text = f"Sender, id or words of any message, in the newest {SEARCHED:,} conversations of the filters."
    sortable_by = ("who",)
    ordering = ("-last_active", "-id")
    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def panels(self, request: HttpRequest) -> list[Panel]:
        return panels()

    # --- the list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConversationList]:
        return ConversationList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).select_related("environment__bot")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        return queryset, False  # ConversationList searches

    @admin.display(description="Who and when", ordering="last_active")
    def who(self, row: Conversation) -> SafeString:
        moment = timezone.localtime(row.last_active)
        return format_html(
            '<span class="who">{}</span><time class="when" datetime="{}" title="{}">{}</time>',
            row.external_id if len(row.external_id) <= 24 else f"{row.external_id[:22]}…",
            moment.isoformat(),
            date_format(moment, "DATETIME_FORMAT"),
            naturaltime(moment),
        )

    @admin.display(description="Messages")
    def message_count(self, row: Conversation) -> int:
        return row.last_seq

    @admin.display(description="State")
    def status(self, row: Conversation) -> SafeString:
        return format_html('<span class="chip chip-{}">{}</span>', row.state, row.get_state_display())

    @admin.display(description="Failed", empty_value="")
    def failed(self, row: Conversation) -> SafeString | None:
        return format_html('<span class="chip chip-failed">{}</span>', row.failed_turns) if row.failed_turns else None

    @admin.display(description="Last message")
    def last_words(self, row: Conversation) -> SafeString:
        return format_html('<span class="snippet" dir="auto">{}</span>', getattr(row, "snippet", "") or "no text")

    # --- the transcript

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        conversation = self.get_object(request, object_id)
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        if conversation is None:
            messages.warning(request, "This conversation is not there any more.")
            return redirect("admin:conversations_conversation_changelist")
        before = request.GET.get("before", "")
        context = {
            **self.admin_site.each_context(request),
            "title": conversation.external_id,
            "opts": self.opts,
            "conversation": conversation,
            "unanswered": conversation.last_turn - conversation.answered_turn,
            "window": window(conversation, int(before) if before.isdecimal() else None),
            "has_delete_permission": self.has_delete_permission(request, conversation),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/conversations/conversation/transcript.html", context)

    # --- deletion

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def get_deleted_objects(
        self, objs: Iterable[Conversation], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Counts in place of Django's list of every message."""
        gone = list(objs)
        counts = {
            "Conversations": len(gone),
            "Messages": Message.objects.filter(conversation__in=gone).count(),
            "Events": Event.objects.filter(conversation__in=gone).count(),
        }
        return [f"{row.channel}: {row.external_id}" for row in gone], counts, set(), []
