"""The staff site: Django's admin, ours by name, theme and index."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from assistant.lib.admin import Panel, Paneled

HOUSEKEEPING = {"auth": "Staff", "axes": "Log-ins", "django_celery_results": "Background tasks"}
UNUSED = {"AccessFailureLog", "GroupResult"}  # tables that stay empty with our settings


class StaffSite(AdminSite):
    site_title = site_header = "Frontdesk"
    index_title = "Front desk"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"panels": self._panels(request), **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The product's own apps first, then housekeeping under names that say what it is."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = HOUSEKEEPING.get(app["app_label"], app["name"])
            app["models"] = [model for model in app["models"] if model["object_name"] not in UNUSED]
        return sorted(apps, key=lambda app: app["app_label"] in HOUSEKEEPING)

    def _panels(self, request: HttpRequest) -> list[Panel]:
        paneled = (page for page in self._registry.values() if isinstance(page, Paneled))
        return [panel for page in paneled if page.has_view_permission(request) for panel in page.panels(request)]
