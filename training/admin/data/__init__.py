"""Training data on the staff site: intents, examples, responses, synonyms, and what is found wrong with them.

All pages lie under the address of intents. What a form asks for, one service does.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse

from assistant.lib.admin import Navigation, Panel, PermissionAdmin
from training.admin.data import views_examples as examples
from training.admin.data import views_findings as findings
from training.admin.data import views_intents as intents
from training.admin.data import views_responses as responses
from training.admin.data import views_synonyms as synonyms
from training.admin.data.mixins import EDIT_DATA, TrainingDataPage
from training.admin.views import VIEW_BOT, id_in, page_of, page_url
from training.models import MAIN, Bot, Intent
from training.selectors import findings_of


@admin.register(Intent)
class IntentAdmin(PermissionAdmin):
    """Every page of it is one of ours."""

    view_permission = VIEW_BOT
    change_permission = EDIT_DATA
    navigation = [Navigation("Training data", 20), Navigation("Findings", 40, "admin:training_findings")]

    def panels(self, request: HttpRequest) -> list[Panel]:
        """What there is to put right, for the index page."""
        # The index page must work before there is a bot.
        bot = Bot.objects.filter(name=MAIN).first()
        found = findings_of(bot) if bot else []
        url = reverse("admin:training_findings")
        if not found:
            return [Panel("Findings in the training data", "0", url, "Nothing to put right.")]
        wrong = sum(finding.severity.value == "wrong" for finding in found)
        note = f"{wrong} should be fixed before you train" if wrong else "worth a look when there is time"
        return [Panel("Findings in the training data", str(len(found)), url, note, attention=wrong > 0)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return page_of(intents.IntentListView, self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return page_of(intents.IntentView, self, request, pk=id_in(object_id))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's own page of it would delete for good."""
        return False

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[type[TrainingDataPage], str]] = {
            "bot/": (intents.ChooseBotView, "choose_bot"),
            "<int:pk>/add/": (intents.AddExamplesView, "intent_add"),
            "<int:pk>/answer/": (intents.AnswerView, "intent_answer"),
            "<int:pk>/rename/": (intents.RenameView, "intent_rename"),
            "<int:pk>/merge/": (intents.MergeView, "intent_merge"),
            "<int:pk>/remove/": (intents.IntentDeleteView, "intent_remove"),
            "examples/": (examples.ExampleListView, "examples"),
            "examples/many/": (examples.ManyExamplesView, "examples_many"),
            "examples/<int:pk>/": (examples.ExampleView, "example_change"),
            "undo/": (examples.UndoView, "undo"),
            "responses/": (responses.ResponseListView, "responses"),
            "responses/new/": (responses.NewResponseView, "response_new"),
            "responses/<int:pk>/": (responses.ResponseView, "response_change"),
            "responses/<int:pk>/remove/": (responses.ResponseDeleteView, "response_remove"),
            "synonyms/": (synonyms.SynonymListView, "synonyms"),
            "synonyms/<int:pk>/remove/": (synonyms.SynonymDeleteView, "synonym_remove"),
            "findings/": (findings.FindingsView, "findings"),
            "findings/compare/": (findings.CompareMeaningsView, "findings_compare"),
        }
        ours = [page_url(self, route, view, name) for route, (view, name) in pages.items()]
        return [*ours, *super().get_urls()]
