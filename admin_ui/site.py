"""The staff site: Django's admin, ours by name, theme, navigation and index."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import Resolver404, URLPattern, URLResolver, path, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from admin_ui.lockout import lockout_page
from admin_ui.navigation import navigation_links
from assistant.lib import audit
from assistant.lib.admin import HasPanels, HasSections
from assistant.lib.throttles import login_throttle_wait

# Other people's apps: below our own, by names that say what they are for.
HOUSEKEEPING = {
    "auth": "Staff",
    "auditlog": "Audit log",
    "axes": "Log-ins",
}
TITLES = {"AccessLog": "Log-ins", "AccessAttempt": "Failed log-ins"}  # where the library's word is not ours


class StaffSite(AdminSite):
    """What is on the index page and in the navigation comes from the ModelAdmins: see `assistant.lib.admin`."""

    site_title = site_header = "Frontdesk"
    index_title = "Front desk"
    empty_value_display = ""
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("now/", self.admin_view(self.now), name="now"), *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Whoever is logged out meanwhile and sends a form is led back to its page: many addresses take forms only."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # Logging out twice is no reason to log in.
            leaving = request.path == reverse("admin:logout", current_app=self.name)
            if request.method in {"GET", "HEAD"} or leaving or self.has_permission(request):
                return guarded(request, *args, **kwargs)
            page = request.headers.get("Referer", "")
            page = page if _is_page(request, page) else reverse("admin:index", current_app=self.name)
            return redirect_to_login(page, reverse("admin:login", current_app=self.name))

        return inner

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        pages = self._registry.values() if self.has_permission(request) else []
        return {**super().each_context(request), "navigation": navigation_links(self.name, pages, request)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**self._index_context(request), **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        names = {app["app_label"]: app["name"] for app in self.get_app_list(request)}
        return super().app_index(request, app_label, {"title": names.get(app_label, ""), **(extra_context or {})})

    def now(self, request: HttpRequest) -> HttpResponse:
        """The part of the index page that changes by itself."""
        return TemplateResponse(request, "admin/right_now.html", self._index_context(request))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """As often as over the API."""
        _drop_bad_next(request)
        if request.method == "POST" and (wait := login_throttle_wait(request, request.POST.get("username", ""))):
            return lockout_page(request, "Too many log-ins. Wait a moment, then try again.", wait)
        return super().login(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        _drop_bad_next(request)
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """One's own. Django writes it; that it happened is kept."""
        response = super().password_change(request, extra_context)
        if request.method == "POST" and response.status_code == 302 and isinstance(request.user, AbstractBaseUser):
            audit.record(request.user, {"password": (None, "a new one")}, by=request.user)
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The product's own apps first, then housekeeping under names that say what it is."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = HOUSEKEEPING.get(app["app_label"], app["name"])
            for model in app["models"]:
                model["name"] = TITLES.get(model["object_name"], model["name"])
        return sorted(apps, key=lambda app: app["app_label"] in HOUSEKEEPING)

    def _index_context(self, request: HttpRequest) -> dict[str, Any]:
        """The panels and sections of those pages that the user may see."""
        # Asked before their panels: these count rows.
        pages = [page for page in self._registry.values() if page.has_view_permission(request)]
        return {
            "panels": [panel for page in pages if isinstance(page, HasPanels) for panel in page.panels(request)],
            "sections": [part for page in pages if isinstance(page, HasSections) for part in page.sections(request)],
        }


def _drop_bad_next(request: HttpRequest) -> None:
    """`?next=` to a foreign page, or to one that is not there: whoever logs in is led to the index instead."""
    for name in ("GET", "POST"):
        given: QueryDict = getattr(request, name)
        if REDIRECT_FIELD_NAME in given and not _is_page(request, str(given[REDIRECT_FIELD_NAME])):
            kept = given.copy()  # a QueryDict of a request can't be changed
            del kept[REDIRECT_FIELD_NAME]
            setattr(request, name, kept)


def _is_page(request: HttpRequest, url: str) -> bool:
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return False
    try:
        match = resolve(urlsplit(url).path)
    except (Resolver404, ValueError):
        return False
    # The admin's last pattern, for all that is nowhere, has no name; logging out is no page.
    return bool(match.url_name) and match.view_name != "admin:logout"
