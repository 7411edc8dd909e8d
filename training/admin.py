"""Bots, their versions and what is live, to read; and the one thing to do: put a version live."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from assistant.lib.admin import Panel, ReadOnlyAdmin
from assistant.lib.errors import FrontdeskError
from training.models import PRODUCTION, Bot, Environment, ModelVersion
from training.selectors import production
from training.services import activate_version


@admin.register(Bot)
class BotAdmin(ReadOnlyAdmin):
    list_display = ("name", "created", "version_count")
    search_fields = ("name",)
    show_facets = admin.ShowFacets.NEVER
    fields = ("name", "created")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        return super().get_queryset(request).annotate(version_count=Count("versions"))

    @admin.display(description="Versions", ordering="version_count")
    def version_count(self, row: Any) -> int:
        return row.version_count


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "active_version", "activated")
    list_select_related = ("bot", "active_version")
    ordering = ("bot__name", "name")
    fields = ("bot", "name", "active_version", "activated")

    def panels(self, request: HttpRequest) -> list[Panel]:
        place = production()
        versions = reverse("admin:training_modelversion_changelist")
        if place.active_version is None or place.activated is None:
            todo = "Nothing answers yet. Train a version and activate it."
            return [Panel("Live model", "None", versions, todo, attention=True)]
        since = f"since {date_format(localtime(place.activated), 'j M Y, H:i')}"
        live = reverse("admin:training_modelversion_change", args=[place.active_version_id])
        return [Panel("Live model", str(place.active_version), live, since)]


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("name", "bot", "state", "live", "created", "archive_size", "seconds")
    list_filter = ("status", ("bot", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("bot",)
    list_per_page = 50
    search_fields = ("name", "sha256")
    show_facets = admin.ShowFacets.NEVER
    actions = ("activate",)
    fieldsets = (
        (None, {"fields": ("bot", "name", "state", "live", "created", "seconds", "error")}),
        (
            "Archive",
            {
                "fields": ("archive_size", "sha256", "history_turns"),
                "description": "An archive is loaded only while its content has this SHA-256.",
            },
        ),
    )
    readonly_fields = ("state", "live", "archive_size", "seconds")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).prefetch_related("live_in")

    @admin.display(description="Status", ordering="status")
    def state(self, row: ModelVersion) -> SafeString:
        return format_html('<span class="chip chip-{}">{}</span>', row.status, row.get_status_display())

    @admin.display(description="Live in", empty_value="")
    def live(self, row: ModelVersion) -> str:
        return ", ".join(place.name for place in row.live_in.all())

    @admin.display(description="Size", ordering="size", empty_value="")
    def archive_size(self, row: ModelVersion) -> str | None:
        return filesizeformat(row.size) if row.size else None

    @admin.display(description="Trained in", ordering="train_seconds", empty_value="")
    def seconds(self, row: ModelVersion) -> str | None:
        return f"{row.train_seconds:.1f} s" if row.train_seconds else None

    # --- putting a version live

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("training.change_environment")

    @admin.action(description="Activate this version", permissions=["activate"])
    def activate(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> HttpResponse | None:
        chosen = list(queryset[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("admin:training_modelversion_activate", args=[chosen[0].pk]))
        self.message_user(request, "Choose one version: only one can be live.", messages.WARNING)
        return None

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.activate_view)
        return [path("<int:version_id>/activate/", page, name="training_modelversion_activate"), *super().get_urls()]

    def activate_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        version = self.get_object(request, str(version_id))
        if version is None or not (self.has_view_permission(request) and self.has_activate_permission(request)):
            raise PermissionDenied
        places = _places_of(version.bot)
        if request.method == "POST" and request.POST.get("environment") in places:
            return self._activated(request, version, request.POST["environment"])
        context = {
            **self.admin_site.each_context(request),
            "title": "Activate this version?",
            "opts": self.opts,
            "version": version,
            "places": places,
        }
        return TemplateResponse(request, "admin/training/modelversion/activate.html", context)

    def _activated(self, request: HttpRequest, version: ModelVersion, environment: str) -> HttpResponse:
        try:
            activate_version(version=version, environment=environment)
        except FrontdeskError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.log_change(request, version, f"Activated in {environment}.")
            self.message_user(request, f"Live in {environment} now: {version}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:training_modelversion_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_activate": self.has_activate_permission(request)}
        return super().change_view(request, object_id, form_url, {**may, **(extra_context or {})})


def _places_of(bot: Bot) -> dict[str, ModelVersion | None]:
    """The version that is live now, by environment; production first."""
    rows = bot.environments.select_related("active_version").order_by("name")
    return {PRODUCTION: None, **{place.name: place.active_version for place in rows}}
