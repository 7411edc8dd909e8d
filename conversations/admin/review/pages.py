"""What a ModelAdmin of conversations has for one of them: the page, and the addresses under it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from assistant.lib.admin import parse_id
from conversations.admin.filters import parse_number
from conversations.admin.review import changes, views
from conversations.admin.review.origin import LIST, Origin
from conversations.admin.review.rendering import page_context
from conversations.admin.review.transcript import window_of
from conversations.selectors import review

VIEWS = {
    "messages": ("messages/", views.MessagesView),
    "intents": ("intents/", views.IntentsView),
    "similar_examples": ("messages/<int:seq>/similar/", views.SimilarExamplesView),
    "events": ("messages/<int:seq>/events/", views.EventsView),
    "next": ("next/", views.NextView),
    "previous": ("previous/", views.PreviousView),
    # Two addresses have older names than their views: open pages and bookmarks know them.
    "annotate": ("messages/<int:seq>/judge/", changes.AnnotateView),
    "flag": ("messages/<int:seq>/flag/", changes.FlagView),
    "notes": ("notes/", changes.NoteView),
    "tags": ("tags/", changes.TagsView),
    "reviewed": ("reviewed/", changes.ReviewedView),
    "later": ("later/", changes.SaveForLaterView),
    "handoff": ("cared/", changes.HandoffView),
    "undo": ("undo/", changes.UndoView),
}
"""Address and view, by what follows `conversations_conversation_` in the name of the URL."""


class ReviewPages(admin.ModelAdmin):
    """The review page in place of Django's form."""

    def get_urls(self) -> list[URLPattern]:
        ours = [
            path(
                f"<int:pk>/{route}",
                self.admin_site.admin_view(view.as_view()),
                name=f"conversations_conversation_{name}",
            )
            for name, (route, view) in VIEWS.items()
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The newest messages, those before number `?before=`, or those around number `?at=`."""
        # Django takes any text for an id here, and no column keeps a number of 40 digits.
        pk = parse_id(object_id)
        conversation = None if pk is None else review.conversation_for_review(pk)
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        if conversation is None:
            messages.warning(request, "This conversation is not there any more.")
            return redirect(LIST)
        before, at = (parse_number(request.GET.get(name, "")) for name in ("before", "at"))
        context = {
            **self.admin_site.each_context(request),
            **page_context(request, conversation),
            "title": conversation.external_id,
            "opts": self.opts,
            "window": window_of(conversation, before, at),
            "at": at,
            "stamp": review.stamp_of(conversation.pk),
            "mine": request.GET.get("mine", ""),
            "list_url": Origin(request).list_url(),
            "has_delete_permission": self.has_delete_permission(request, conversation),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/conversations/conversation/transcript.html", context)
