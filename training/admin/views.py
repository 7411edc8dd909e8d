"""What the pages of ours on the staff site begin with, and how they take forms."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.views.generic import FormView
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from assistant.lib.admin import parse_id
from assistant.lib.errors import FrontdeskError

VIEW_BOT = "training.view_bot"


class AdminPage(PermissionRequiredMixin, TemplateResponseMixin, ContextMixin, View):
    """A page of a ModelAdmin, in the frame of the staff site."""

    model_admin: ModelAdmin | None = None  # `as_view` takes only what the class has
    permission_required: str | tuple[str, ...] = VIEW_BOT
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
        """What the frame around every page of the staff site is given. A part of a page has none."""
        page = cast(ModelAdmin, self.model_admin)
        return {**page.admin_site.each_context(self.request), "opts": page.opts, "title": self.get_title()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{**self.get_frame(), **kwargs})


class ModelsPage(AdminPage):
    """A page of models or jobs: its buttons are there for those who may press them."""

    # Code names of permissions, as the templates ask for them.
    ACTS = ("edit_data", "train_bot", "activate_version", "upload_version", "download_version")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"may": self.may(self.request), **kwargs})

    @classmethod
    def may(cls, request: HttpRequest) -> dict[str, bool]:
        """What whoever asks may do, by the code name of the permission."""
        return {name: request.user.has_perm(f"training.{name}") for name in cls.ACTS}


class FormPage(AdminPage, FormView):
    """A form on a page. What is wrong with it is said at the top of the page, which keeps what was written."""

    def save(self, form: Any) -> HttpResponse:
        """Calls one service. What this raises is an error of the form."""
        raise NotImplementedError

    def form_valid(self, form: Form) -> HttpResponse:
        # The code tells a form what kind of error it was: see `RevisionForm.changed_meanwhile`.
        try:
            return self.save(form)
        except FrontdeskError as error:
            form.add_error(None, ValidationError(error.message, code=error.code))
            return self.form_invalid(form)

    def form_invalid(self, form: Form) -> HttpResponse:
        messages.error(self.request, first_error(form))
        return super().form_invalid(form)


class ActionView(FormPage):
    """A button, or a form too small to have a page: afterwards, and after an error, one is back where one was."""

    http_method_names = ["post"]
    form_class: type[Form] = Form

    def act(self, form: Any) -> None:
        """Calls one service, says that it is done."""
        raise NotImplementedError

    def save(self, form: Any) -> HttpResponse:
        self.act(form)
        return HttpResponseRedirect(self.get_success_url())

    def get_error_url(self, form: Form) -> str:
        """Where an error is shown."""
        return self.get_success_url()

    def form_invalid(self, form: Form) -> HttpResponse:
        messages.error(self.request, first_error(form))
        return HttpResponseRedirect(self.get_error_url(form))


class ConfirmView(ActionView):
    """An action that is asked for first: its page is the question. After an error it is not asked again, for what it
    asks may not be so any more."""

    http_method_names = ["get", "head", "post"]


def page_url(model_admin: ModelAdmin, route: str, view: type[AdminPage], name: str) -> URLPattern:
    """For `ModelAdmin.get_urls`. `name` as in `admin:training_NAME`."""
    guarded = model_admin.admin_site.admin_view(view.as_view(model_admin=model_admin))
    return path(route, guarded, name=f"training_{name}")


def page_of(view: type[AdminPage], model_admin: ModelAdmin, request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """In place of one of a ModelAdmin's own views."""
    return cast(HttpResponse, view.as_view(model_admin=model_admin)(request, **kwargs))


def id_in(address: str) -> int:
    """A row's id in one of Django's own addresses, which take any text there. Raises Http404."""
    number = parse_id(address)
    if number is None:
        raise Http404
    return number


def first_error(form: Form) -> str:
    """The one that is shown: those who put it right see the next."""
    return str(next(iter(form.errors.values()))[0]) if form.errors else ""
