"""Who logged in, and who failed to: rows that django-axes writes and nobody takes away here."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib import admin
from django.http import HttpRequest

from assistant.lib.admin import CappedPaginator, ReadOnlyAdmin


class LogInAdmin(ReadOnlyAdmin):
    """What both lists have in common."""

    title = ""
    list_display: Any = ("when", "username", "ip_address", "browser")
    list_display_links = None
    search_fields = ("username", "ip_address")
    search_help_text = "A name or an address."
    ordering = ("-attempt_time",)
    paginator = CappedPaginator  # a robot that guesses fills these tables
    list_per_page = 50
    show_full_result_count = False
    actions = None

    class Media:
        css = {"all": ["admin_ui/lists.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"title": self.title, **(extra_context or {})})

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"axes.view_{self.opts.model_name}")

    @admin.display(description="When", ordering="attempt_time")
    def when(self, row: AccessLog | AccessAttempt) -> Any:
        return row.attempt_time

    @admin.display(description="Browser", ordering="user_agent")
    def browser(self, row: AccessLog | AccessAttempt) -> str:
        return str(row.user_agent)


@admin.register(AccessLog)
class AccessLogAdmin(LogInAdmin):
    """Who came in."""

    title = "Log-ins"
    list_display = ("when", "logged_out", "username", "ip_address", "browser")

    @admin.display(description="Logged out", ordering="logout_time")
    def logged_out(self, row: AccessLog) -> Any:
        return row.logout_time


@admin.register(AccessAttempt)
class AccessAttemptAdmin(LogInAdmin):
    """Who did not."""

    title = "Failed log-ins"
    list_display = ("when", "times", "username", "ip_address", "browser")

    @admin.display(description="Times", ordering="failures_since_start")
    def times(self, row: AccessAttempt) -> int:
        return row.failures_since_start
