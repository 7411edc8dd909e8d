"""How well a version did: errors first, then every intent, then the picture of what is confused with what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.generic import DetailView

from assistant.lib.admin import PermissionAdmin, ReadOnlyAdmin
from training.admin.formatting import intent_rows, interval_bar
from training.admin.views import VIEW_BOT, AdminPage, id_in, page_of
from training.confusion_matrix import confusion_matrix_of
from training.models import Evaluation
from training.selectors import example_ids_by_text

ERRORS = 300  # that one page shows
OPEN = 20  # of them, so that what follows is near


@admin.register(Evaluation)
class EvaluationAdmin(PermissionAdmin, ReadOnlyAdmin):
    """All evaluations of all versions."""

    view_permission = VIEW_BOT
    list_display = ("version_name", "kind", "example_count", "accuracy_in_percent", "macro_f1_rounded", "created")
    list_filter = ("kind", ("version__bot", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("version",)
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("report")  # has every message that was asked

    @admin.display(description="Version", ordering="version__name")
    def version_name(self, row: Evaluation) -> str:
        return str(row.version)

    @admin.display(description="Right", ordering="accuracy")
    def accuracy_in_percent(self, row: Evaluation) -> str | None:
        return None if row.accuracy is None else f"{row.accuracy:.1%}"

    @admin.display(description="Macro F1", ordering="macro_f1")
    def macro_f1_rounded(self, row: Evaluation) -> SafeString | None:
        return None if row.macro_f1 is None else format_html('<span class="number">{}</span>', f"{row.macro_f1:.3f}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return page_of(EvaluationView, self, request, pk=id_in(object_id))


class EvaluationView(AdminPage, DetailView):
    """`?right=` and `?guessed=` choose among the errors."""

    queryset = Evaluation.objects.select_related("version__bot", "version__training_set")
    template_name = "admin/training/evaluation/evaluation.html"

    def get_title(self) -> str:
        return f"{self.object.get_kind_display()} of {self.object.version}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        given = self.request.GET
        context = report_context(self.object, given.get("right", ""), given.get("guessed", ""))
        return super().get_context_data(**context, **kwargs)


def report_context(row: Evaluation, right: str = "", guessed: str = "") -> dict[str, Any]:
    """What the templates of a report are given. `right` and `guessed` choose among the errors."""
    report = row.report
    errors = report.get("errors", [])
    chosen = [each for each in errors if right in ("", each["right"]) and guessed in ("", each["guessed"])]
    listed = chosen[:ERRORS]
    # One query for all: each error links to the example that has its text, where there is one.
    examples = example_ids_by_text(row.version.bot, [each["text"] for each in listed])
    rows = [_error_row(each, examples.get(each["text"])) for each in listed]
    return {
        "evaluation": row,
        "report": report,
        "accuracy": interval_bar(report.get("accuracy")),
        "macro_f1": None if row.macro_f1 is None else f"{row.macro_f1:.3f}",
        "errors": rows[:OPEN],
        "more_errors": rows[OPEN:],
        "listed": len(listed),
        "error_count": len(errors),
        "chosen_count": len(chosen),
        "chosen": {"right": right, "guessed": guessed},
        "intents": intent_rows(report) if report else [],
        "picture": confusion_matrix_of(report) if report else None,
    }


def _error_row(error: dict[str, Any], example: int | None) -> dict[str, Any]:
    """With what came next in the ranking, and the id of the example that has the text."""
    others = [(name, f"{confidence:.0%}") for name, confidence in error["ranking"] if name != error["guessed"]]
    return {**error, "percent": f"{error['confidence']:.0%}", "others": others[:3], "example": example}
