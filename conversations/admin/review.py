"""The review desk: one conversation to read and to judge. Works by links and forms; scripts ask for parts of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from assistant.lib.admin import parse_id
from conversations.admin import review_acts as acts
from conversations.admin import review_parts as parts
from conversations.admin.beside import filters_of
from conversations.admin.transcript import window
from conversations.selectors import review

TEMPLATE = "admin/conversations/conversation/transcript.html"


class ReviewPages(admin.ModelAdmin):
    """What a ModelAdmin of conversations has for one of them."""

    def get_urls(self) -> list[URLPattern]:
        views = {
            "messages/": parts.some_messages,
            "intents/": parts.intents,
            "messages/<int:seq>/similar/": parts.similar,
            "messages/<int:seq>/events/": parts.events,
            "messages/<int:seq>/judge/": acts.judge,
            "messages/<int:seq>/flag/": acts.flag,
            "notes/": acts.note,
            "tags/": acts.tag,
            "reviewed/": acts.reviewed,
            "later/": acts.later,
            "cared/": acts.cared,
            "next/": acts.to_next,
            "previous/": acts.to_previous,
        }
        ours = [
            path(f"<int:pk>/{route}", self.admin_site.admin_view(view), {"page": self}, name=_name(route))
            for route, view in views.items()
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        number = parse_id(object_id)
        conversation = None if number is None else review.conversation_for_review(number)
        if not self.has_view_permission(request, conversation):
            raise PermissionDenied
        if conversation is None:
            messages.warning(request, "This conversation is not there any more.")
            return redirect("admin:conversations_conversation_changelist")
        before, at = _number(request, "before"), _number(request, "at")
        context = {
            **self.admin_site.each_context(request),
            **parts.about(request, conversation),
            "title": conversation.external_id,
            "opts": self.opts,
            "window": window(conversation, before, at),
            "at": at,
            "stamp": review.stamp_of(conversation.pk),
            "mine": request.GET.get("mine", ""),
            "list_url": f"{reverse('admin:conversations_conversation_changelist')}?{filters_of(request)}",
            "has_delete_permission": self.has_delete_permission(request, conversation),
            **(extra_context or {}),
        }
        return TemplateResponse(request, TEMPLATE, context)


def _name(route: str) -> str:
    return f"conversations_conversation_{route.replace('<int:seq>/', '').strip('/').replace('/', '_')}"


def _number(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else None
