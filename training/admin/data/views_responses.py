"""Responses: what the assistant says, variation by variation."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import TemplateView

from assistant.change_sets import change_set
from training.admin.data.forms import ResponseForm, VariationForm
from training.admin.data.mixins import EDIT_DATA, RowMixin, TrainingDataPage
from training.admin.data.undo import offer_undo
from training.admin.views import ConfirmView, FormPage
from training.models import Response
from training.selectors import intent_names, usage_of, users_of
from training.services import delete_response, save_response


class ResponseListView(TrainingDataPage, TemplateView):
    """Those whose name or words have what is searched for."""

    tab = "responses"
    title = "Responses"
    template_name = "admin/training/data/responses.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = self.request.GET.get("q", "").strip()
        rows = Response.objects.filter(bot=self.bot, deleted=None).select_related("updated_by")
        # In Python: SQLite ignores case in ASCII only, and JSON is stored differently in both databases.
        texts = {row: f"{row.name} {json.dumps(row.variations, ensure_ascii=False)}".lower() for row in rows}
        found = [row for row, text in texts.items() if words.lower() in text]
        return super().get_context_data(rows=found, q=words, **kwargs)


class ResponsePage(TrainingDataPage, FormPage):
    """The form of a response, its variations and their buttons."""

    tab = "responses"
    template_name = "admin/training/data/response.html"
    form_class = ResponseForm
    response: Response | None = None

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "bot": self.bot, "response": self.response}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """After an error with what was written, beside what somebody else saved meanwhile."""
        row, form = self.response, kwargs.get("form") or self.get_form()
        theirs = row.variations if row and form.changed_meanwhile else ()
        context = {
            "form": form,
            "response": row,
            "theirs": [VariationForm.of(variation, number) for number, variation in enumerate(theirs)],
            "blank": VariationForm.of({}, "KEY"),
            "names": intent_names(self.bot),
            "users": users_of(row, usage_of(self.bot)) if row else [],
        }
        return super().get_context_data(**{**kwargs, **context})

    def save(self, form: ResponseForm) -> HttpResponse:
        given = form.cleaned_data
        saved = save_response(
            bot=self.bot,
            name=given["name"],
            variations=given["variations"],
            by=self.user,
            revision=form.seen_revision if self.response else 0,  # else one of that name would be overwritten
        )
        messages.success(self.request, "Saved. It is said after the next training.")
        return HttpResponseRedirect(response_url(saved))

    def form_invalid(self, form: Form) -> HttpResponse:
        response = super().form_invalid(form)
        # Nothing was saved: programs see it by the status.
        response.status_code = 409 if form.changed_meanwhile else 400  # type: ignore[attr-defined]
        return response


class NewResponseView(ResponsePage):
    """A response that nothing says yet."""

    permission_required = EDIT_DATA
    title = "New response"

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.request.GET.get("name", "utter_")}


class ResponseView(RowMixin, ResponsePage):
    """A response that is there."""

    model = Response

    @property
    def response(self) -> Response:  # type: ignore[override]
        return self.object

    def get_title(self) -> str:
        return self.object.name

    def get_initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def form_invalid(self, form: Form) -> HttpResponse:
        self.object = self.get_object()  # as a colleague may have saved it meanwhile
        return super().form_invalid(form)


class ResponseDeleteView(RowMixin, ConfirmView):
    """Where nothing says it any more. Who reloads the page afterwards is led to the response."""

    permission_required = EDIT_DATA
    model = Response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(response_url(self.object))

    def save(self, form: Any) -> HttpResponse:
        with change_set(f"Deleted {self.object.name}.", about=self.bot, by=self.user) as step:
            delete_response(response=self.object, by=self.user)
        offer_undo(self.request, step.row)
        return HttpResponseRedirect(reverse("admin:training_responses"))

    def get_success_url(self) -> str:
        return response_url(self.object)


def response_url(row: Response) -> str:
    """The address of its page."""
    return reverse("admin:training_response_change", args=[row.pk])
