"""How long conversations are kept, channel by channel. What a rule deletes is shown before it is saved."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from assistant.lib.admin import PermissionAdmin
from conversations.models import Retention
from conversations.models.retention import LONGEST
from conversations.selectors.retention import retention_by_channel, retention_preview
from conversations.services import set_retention

LIST = "admin:conversations_retention_changelist"
TEMPLATES = "admin/conversations/retention/"


class RetentionForm(forms.Form):
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
        """Without an answer: the form. With one in the address: what it would delete. Posted: saved."""
        self._check(request)
        rules = retention_by_channel()
        if channel not in rules:
            raise Http404("There are no conversations of this channel.")
        given = request.POST if request.method == "POST" else request.GET if "days" in request.GET else None
        form = RetentionForm(given, initial=_said(rules[channel]))
        context: dict[str, Any] = {"channel": channel, "rule": rules[channel], "form": form}
        if given is not None and form.is_valid():
            asked = form.cleaned_data
            if request.method == "POST":
                return _saved(request, channel, asked)
            wanted = Retention(channel=channel, days=asked["days"] or LONGEST, keep_marked=asked["keep_marked"])
            context |= {"asked": asked, "due": retention_preview(wanted) if asked["days"] else None}
        return self._page(request, "channel.html", title=f"Conversations of {channel}", **context)

    def _check(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        known = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, TEMPLATES + template, {**known, **context})


def _said(rule: Retention | None) -> dict[str, Any]:
    return {"days": rule.days, "keep_marked": rule.keep_marked} if rule else {}


def _saved(request: HttpRequest, channel: str, asked: dict[str, Any]) -> HttpResponse:
    set_retention(channel=channel, by=cast(User, request.user), **asked)
    kept = f"for {asked['days']} days" if asked["days"] else "without end"
    messages.success(request, f"Conversations of {channel} are kept {kept} from now on.")
    return HttpResponseRedirect(reverse(LIST))
