"""Taking conversations out of the house: as a file, or for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from assistant.lib.transfers import attachment
from conversations.admin.listing import ConversationListing
from conversations.models import Conversation, Event, Message
from conversations.selectors import example_count
from conversations.services import (
    delete_conversations,
    delete_with_examples,
    export_conversations,
)
from conversations.services.export import FILES

Rows = QuerySet[Conversation]
LEARNED = "Examples made of them"


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
        self._delete(request, [obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: Rows) -> None:
        self._delete(request, list(queryset.values_list("pk", flat=True)))

    def _delete(self, request: HttpRequest, ids: list[int]) -> None:
        """What stays is said once more: nobody finds it by the conversation any longer."""
        by = cast(User, request.user)
        if request.POST.get("examples") != "delete" or not by.has_perm("training.edit_data"):
            count = example_count(ids)
            delete_conversations(ids=ids, by=by)
            if count:
                messages.info(request, f"Examples made of them stay: {count}. They are under Training data.")
            return
        gone = delete_with_examples(ids=ids, by=by)
        messages.info(request, f"Examples deleted with them: {gone.examples}.")
        if gone.versions:
            names = ", ".join(gone.versions)
            messages.warning(
                request, f"Versions trained on these texts keep them: {names}. Train anew, then delete those versions."
            )

    def get_deleted_objects(
        self, objs: Iterable[Conversation], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Counts in place of Django's list of every message. The template knows LEARNED by its name: these stay."""
        gone = list(objs)
        counts = {
            "Conversations": len(gone),
            "Messages": Message.objects.filter(conversation__in=gone).count(),
            "Events": Event.objects.filter(conversation__in=gone).count(),
            LEARNED: example_count([row.pk for row in gone]),
        }
        return [f"{row.channel}: {row.external_id}" for row in gone], counts, set(), []


def _exported(request: HttpRequest, rows: Rows, format: str) -> StreamingHttpResponse:
    pieces = export_conversations(conversations=rows, format=format, by=request.user)  # type: ignore[arg-type]
    name, kind = FILES[format]
    return attachment(request, pieces, name, kind)
