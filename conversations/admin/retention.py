"""How long conversations are kept, channel by channel. What a rule deletes is shown before it is saved."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from assistant.lib.admin import PermissionAdmin
from conversations.models import Retention
from conversations.models.retention import LONGEST
from conversations.selectors.retention import retention_by_channel, retention_preview
from conversations.services import set_retention

TEMPLATES = "admin/conversations/retention/"


class RetentionForm(forms.Form):
    """How long a channel's conversations are kept."""

    days = forms.IntegerField(
        label="Delete conversations whose last message is older than",
        min_value=1,
        max_value=LONGEST,
        required=False,
        help_text="Days. Leave it empty to keep them without end.",
    )
    keep_marked = forms.BooleanField(
        label="Keep what staff reviewed, flagged or saved for later", required=False, initial=True
    )


@admin.register(Retention)
class RetentionAdmin(PermissionAdmin):
    """Whoever may delete conversations may say when they go by themselves."""

    view_permission = change_permission = "conversations.delete_conversation"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name="conversations_retention_changelist"),
            path("channel/<str:channel>/", view(self.channel_view), name="conversations_retention_channel"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._check(request)
        return self._page(request, "list.html", title="How long conversations are kept", rules=retention_by_channel())

    def channel_view(self, request: HttpRequest, channel: str) -> HttpResponse:
        """The form; with `?days=` in the address, what that would delete; posted, it is saved."""
        self._check(request)
        rules = retention_by_channel()
        if channel not in rules:
            raise Http404("There are no conversations of this channel.")
        # A preview is a GET: it can be reloaded and deletes nothing.
        given = request.POST if request.method == "POST" else request.GET if "days" in request.GET else None
        rule = rules[channel]
        form = RetentionForm(given, initial={"days": rule.days, "keep_marked": rule.keep_marked} if rule else {})
        context: dict[str, Any] = {"channel": channel, "rule": rule, "form": form}
        if given is not None and form.is_valid():
            days, keep_marked = form.cleaned_data["days"], form.cleaned_data["keep_marked"]
            if request.method == "POST":
                set_retention(channel=channel, days=days, keep_marked=keep_marked, by=cast(User, request.user))
                kept = f"for {days} days" if days else "without end"
                messages.success(request, f"Conversations of {channel} are kept {kept} from now on.")
                return redirect("admin:conversations_retention_changelist")
            wanted = Retention(channel=channel, days=days or LONGEST, keep_marked=keep_marked)
            context |= {"asked": form.cleaned_data, "due": retention_preview(wanted) if days else None}
        return self._page(request, "channel.html", title=f"Conversations of {channel}", **context)

    def _check(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        known = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, TEMPLATES + template, {**known, **context})
