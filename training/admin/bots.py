"""Bots, and which version is live where: to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from assistant.lib.admin import Panel, ReadOnlyAdmin
from training.models import MAIN, PRODUCTION, Bot, Environment, ModelVersion

KEPT = ~Q(versions__status=ModelVersion.Status.DELETED)


@admin.register(Bot)
class BotAdmin(ReadOnlyAdmin):
    """Bots, to read."""

    list_display = ("name", "created", "version_count")
    search_fields = ("name",)
    show_facets = admin.ShowFacets.NEVER
    fields = ("name", "created")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        return super().get_queryset(request).annotate(version_count=Count("versions", filter=KEPT))

    @admin.display(description="Versions", ordering="version_count")
    def version_count(self, row: Any) -> int:
        return row.version_count


@admin.register(Environment)
class EnvironmentAdmin(ReadOnlyAdmin):
    """What is live where, to read: it is changed on the page of models."""

    list_display = ("__str__", "active_version", "activated")
    list_select_related = ("bot", "active_version")
    ordering = ("bot__name", "name")
    fields = ("bot", "name", "active_version", "activated")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("training.view_bot")

    def panels(self, request: HttpRequest) -> list[Panel]:
        """What answers visitors, for the index page."""
        place = Environment.objects.filter(bot__name=MAIN, name=PRODUCTION).select_related("active_version").first()
        versions = reverse("admin:training_modelversion_changelist")
        if place is None or place.active_version is None or place.activated is None:
            todo = "Nothing answers yet. Train a version and activate it."
            return [Panel("Live model", "None", versions, todo, attention=True)]
        since = f"since {date_format(localtime(place.activated), 'DATETIME_FORMAT')}"
        live = reverse("admin:training_modelversion_change", args=[place.active_version_id])
        return [Panel("Live model", str(place.active_version), live, since)]
