"""Training data on the staff site: intents, examples, responses, synonyms, and what is found wrong with them.

All pages lie under the address of intents. Each is a function of a Desk; what a form asks for, one service does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path, reverse

from assistant.lib.admin import Navigation, Panel, PermissionAdmin
from training.admin.data import examples, findings, intents, responses, synonyms
from training.admin.data.desk import Desk
from training.models import Intent
from training.selectors import findings_of, production

View = Callable[..., HttpResponse]
READS = {"GET", "HEAD"}
EDITS = {intents.merge, intents.remove, responses.new, responses.remove, synonyms.remove}
WRITE_ONLY = {intents.add_examples, intents.answer, intents.rename, examples.many, examples.undo}


@admin.register(Intent)
class IntentAdmin(PermissionAdmin):
    view_permission = "training.view_bot"
    change_permission = "training.edit_data"
    navigation = [Navigation("Training data", 20), Navigation("Findings", 40, "admin:training_findings")]

    def panels(self, request: HttpRequest) -> list[Panel]:
        found = findings_of(production().bot)
        url = reverse("admin:training_findings")
        if not found:
            return [Panel("Findings in the training data", "0", url, "Nothing to put right.")]
        wrong = sum(finding.severity.value == "wrong" for finding in found)
        note = f"{wrong} should be fixed before you train" if wrong else "worth a look when there is time"
        return [Panel("Findings in the training data", str(len(found)), url, note, attention=wrong > 0)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return self._view(intents.overview)(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._view(intents.one)(request, object_id)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's own page of it would delete for good."""
        return False

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[View, str]] = {
            "<int:object_id>/add/": (intents.add_examples, "intent_add"),
            "<int:object_id>/answer/": (intents.answer, "intent_answer"),
            "<int:object_id>/rename/": (intents.rename, "intent_rename"),
            "<int:object_id>/merge/": (intents.merge, "intent_merge"),
            "<int:object_id>/remove/": (intents.remove, "intent_remove"),
            "examples/": (examples.overview, "examples"),
            "examples/many/": (examples.many, "examples_many"),
            "examples/<int:object_id>/": (examples.one, "example_change"),
            "undo/": (examples.undo, "undo"),
            "responses/": (responses.overview, "responses"),
            "responses/new/": (responses.new, "response_new"),
            "responses/<int:object_id>/": (responses.one, "response_change"),
            "responses/<int:object_id>/remove/": (responses.remove, "response_remove"),
            "synonyms/": (synonyms.overview, "synonyms"),
            "synonyms/<int:object_id>/remove/": (synonyms.remove, "synonym_remove"),
            "findings/": (findings.overview, "findings"),
        }
        ours = [path(where, self._view(view), name=f"training_{name}") for where, (view, name) in pages.items()]
        return [*ours, *super().get_urls()]

    def _view(self, view: View) -> View:
        """Whoever may view training data reads; whoever may edit it writes, and sees pages that are for that alone."""

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            desk = Desk(request, self)
            reads = request.method in READS and view not in EDITS
            if not self.has_view_permission(request) or not (reads or desk.may_edit):
                raise PermissionDenied
            if request.method not in ({"POST"} if view in WRITE_ONLY else {*READS, "POST"}):
                return HttpResponseNotAllowed(["POST"])
            return view(desk, *args, **kwargs)

        return self.admin_site.admin_view(update_wrapper(guarded, view))
