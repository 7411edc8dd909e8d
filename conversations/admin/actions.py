"""What staff do with conversations that they chose in the list: tag, mark reviewed, export, delete."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from assistant.lib.errors import FrontdeskError
from assistant.lib.transfers import attachment
from conversations.errors import Gone
from conversations.models import Conversation, Event, Message
from conversations.selectors import example_count
from conversations.services import (
    delete_conversations,
    delete_with_examples,
    export_conversations,
    mark_reviewed,
    tag_conversation,
)
from conversations.services.export import FILES

Rows = QuerySet[Conversation]
EXAMPLES = "Examples made of them"  # the template of a deletion knows it: these stay


class ConversationActionForm(ActionForm):
    """Each action is a button of its own; one of them takes a tag."""

    tag = forms.CharField(max_length=60, required=False)


class ConversationActions(admin.ModelAdmin):
    """The actions of the list. Deleting asks first: it can't be undone."""

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.review_conversation")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("conversations.export_conversation")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("conversations.delete_conversation")

    @admin.action(description="Mark reviewed", permissions=["review"])
    def mark_reviewed(self, request: HttpRequest, queryset: Rows) -> None:
        rows = list(queryset)
        for row in rows:
            with suppress(Gone):  # whoever deleted it meanwhile has no use for a review of it
                mark_reviewed(conversation=row, by=cast(User, request.user))
        messages.success(request, f"Reviewed: {_conversations(len(rows))}.")

    @admin.action(description="Add tag", permissions=["review"])
    def tag(self, request: HttpRequest, queryset: Rows) -> None:
        name = request.POST.get("tag", "").strip()
        if not name:
            messages.warning(request, "Write the name of the tag first.")
            return
        rows = list(queryset)
        try:
            for row in rows:
                tag_conversation(conversation=row, add=[name], by=cast(User, request.user))
        except FrontdeskError as error:
            messages.error(request, error.message)
            return
        messages.success(request, f"Tagged “{name}”: {_conversations(len(rows))}.")

    @admin.action(description="Export JSON", permissions=["export"])
    def export_json(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _export(request, queryset, "json")

    @admin.action(description="Export CSV", permissions=["export"])
    def export_csv(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _export(request, queryset, "csv")

    @admin.action(description="Export Rasa stories", permissions=["export"])
    def export_stories(self, request: HttpRequest, queryset: Rows) -> StreamingHttpResponse:
        return _export(request, queryset, "rasa")

    def delete_model(self, request: HttpRequest, obj: Conversation) -> None:
        _delete(request, [obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: Rows) -> None:
        _delete(request, list(queryset.values_list("pk", flat=True)))

    def get_deleted_objects(
        self, objs: Iterable[Conversation], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Counts in place of Django's list of every message."""
        rows = list(objs)
        counts = {
            "Conversations": len(rows),
            "Messages": Message.objects.filter(conversation__in=rows).count(),
            "Events": Event.objects.filter(conversation__in=rows).count(),
            EXAMPLES: example_count([row.pk for row in rows]),
        }
        return [f"{row.channel}: {row.external_id}" for row in rows], counts, set(), []


def _delete(request: HttpRequest, ids: list[int]) -> None:
    """What stays is said once more: nobody finds it by the conversation any longer."""
    by = cast(User, request.user)
    # The page offers it only to those who may; a form made by hand is asked again here.
    if request.POST.get("examples") != "delete" or not by.has_perm("training.edit_data"):
        count = example_count(ids)
        delete_conversations(ids=ids, by=by)
        if count:
            messages.info(request, f"Examples made of them stay: {count}. They are under Training data.")
        return
    deleted = delete_with_examples(ids=ids, by=by)
    messages.info(request, f"Examples deleted with them: {deleted.examples}.")
    if deleted.versions:
        names = ", ".join(deleted.versions)
        messages.warning(
            request, f"Versions trained on these texts keep them: {names}. Train anew, then delete those versions."
        )


def _export(request: HttpRequest, rows: Rows, format: str) -> StreamingHttpResponse:
    pieces = export_conversations(conversations=rows, format=format, by=cast(User, request.user))
    name, kind = FILES[format]
    return attachment(request, pieces, name, kind)


def _conversations(count: int) -> str:
    return f"{count} conversation{'' if count == 1 else 's'}"
