"""Synonyms: texts that mean a value."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from assistant.change_sets import change_set
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.admin.data.forms import SynonymForm
from training.admin.data.mixins import EDIT_DATA, RowMixin, TrainingDataPage
from training.admin.data.undo import offer_undo
from training.admin.views import ConfirmView, FormPage
from training.findings import NO_ENTITIES, NO_SYNONYMS
from training.models import Synonym
from training.selectors import pipeline_of
from training.services import delete_synonym, save_synonym

LIST = "admin:training_synonyms"


class SynonymListView(TrainingDataPage, FormPage):
    """All synonyms by their values, and the form that adds some."""

    tab = "synonyms"
    title = "Synonyms"
    template_name = "admin/training/data/synonyms.html"
    form_class = SynonymForm

    @property
    def trouble(self) -> list[str]:
        """Why synonyms have no effect: they are looked up for entities that were found."""
        pipeline = pipeline_of(self.bot)
        return [NO_SYNONYMS] * (not pipeline.maps_synonyms) + [NO_ENTITIES] * (not pipeline.learns_entities)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Synonym.objects.filter(bot=self.bot, deleted=None).order_by("value", "text")
        groups = [(value, list(same)) for value, same in groupby(rows, key=lambda row: row.value)]
        return super().get_context_data(groups=groups, trouble=self.trouble, **kwargs)

    def save(self, form: SynonymForm) -> HttpResponse:
        """All of them are saved, or none."""
        value = form.cleaned_data["value"]
        with write_transaction():
            for text in form.cleaned_data["texts"]:
                try:
                    save_synonym(bot=self.bot, value=value, text=text, by=self.user)
                except FrontdeskError as error:
                    raise FrontdeskError(f"Nothing is saved. “{text[:60]}”: {error.message}") from error
        when = "Once the pipeline looks synonyms up" if self.trouble else "After the next training"
        messages.success(self.request, f"Saved. {when}, they mean {value}.")
        return HttpResponseRedirect(self.request.get_full_path())


class SynonymDeleteView(RowMixin, ConfirmView):
    """The text means nothing but itself. Who reloads the page afterwards is led to the list."""

    permission_required = EDIT_DATA
    model = Synonym

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.get_success_url())

    def act(self, form: Any) -> None:
        row = self.object
        with change_set(f"“{row.text}” does not mean {row.value} any more.", about=self.bot, by=self.user) as step:
            delete_synonym(synonym=row, by=self.user)
        offer_undo(self.request, step.row)

    def get_success_url(self) -> str:
        return reverse(LIST)
