"""What the pages of ours on the staff site begin with."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import User
from django.http import Http404
from django.urls import URLPattern, path
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from assistant.lib.admin import parse_id


class AdminPage(PermissionRequiredMixin, TemplateResponseMixin, ContextMixin, View):
    """A page of a ModelAdmin, in the frame of the staff site."""

    model_admin: ModelAdmin | None = None
    permission_required: str = "training.view_bot"
    # Without PUT, which Django's FormView would take for POST.
    http_method_names = ["get", "head", "post", "options"]
    title = ""

    @property
    def user(self) -> User:
        """Who asks: nobody comes to a staff page without logging in."""
        return cast(User, self.request.user)

    def get_title(self) -> str:
        """Of the page, as its heading has it."""
        return self.title

    def get_frame(self) -> dict[str, Any]:
        """What the frame around every page of the staff site is given."""
        page = cast(ModelAdmin, self.model_admin)
        return {**page.admin_site.each_context(self.request), "opts": page.opts, "title": self.get_title()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{**self.get_frame(), **kwargs})


def page_url(model_admin: ModelAdmin, route: str, view: type[AdminPage], name: str) -> URLPattern:
    """For `ModelAdmin.get_urls`. `name` as in `admin:training_NAME`."""
    guarded = model_admin.admin_site.admin_view(view.as_view(model_admin=model_admin))
    return path(route, guarded, name=f"training_{name}")


def id_in(address: str) -> int:
    """A row's id in one of Django's own addresses, which take any text there. Raises Http404."""
    number = parse_id(address)
    if number is None:
        raise Http404
    return number
