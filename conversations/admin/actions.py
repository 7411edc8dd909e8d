"""Taking conversations out of the house: as a file, or for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from assistant.lib.streams import attachment
from conversations.admin.listing import ConversationListing
from conversations.models import Conversation, Event, Message
from conversations.services import delete_conversations, export_conversations
from conversations.services.exporting import FILES

Rows = QuerySet[Conversation]


class TakingOut(ConversationListing):
    """Actions on chosen conversations. Deleting asks first: it can't be undone."""

    actions: Any = [*ConversationListing.actions, "export_json", "export_csv", "export_stories"]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.export_conversation")

    @admin.action(description="Export JSON", permissions=["export"])
    def export_json(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _exported(request, queryset, "json")

    @admin.action(description="Export CSV", permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _exported(request, queryset, "csv")

    @admin.action(description="Export Rasa stories", permissions=["export"])
    def export_stories(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _exported(request, queryset, "rasa")

    # --- deletion

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("conversations.delete_conversation")

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        delete_conversations(ids=[obj.pk], by=request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: Rows) -> None:
        delete_conversations(ids=list(queryset.values_list("pk", flat=True)), by=request.user)  # type: ignore[arg-type]

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


def _exported(request: HttpRequest, rows: Rows, format: str) -> StreamingHttpResponse:
    pieces = export_conversations(conversations=rows, format=format, by=request.user)  # type: ignore[arg-type]
    name, kind = FILES[format]
    return attachment(request, pieces, name, kind)
