"""How well a version did: errors first, then every intent, then the picture of what is confused with what."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assistant.lib.admin import PermissionAdmin, ReadOnlyAdmin
from training.admin.shown import bar, intents_in_words
from training.admin.staff import parse_id
from training.confusion_matrix import confusion_matrix_of
from training.models import Evaluation
from training.selectors import example_ids_by_text

ERRORS = 300  # that one page shows
OPEN = 20  # of them, so that what follows is near


@admin.register(Evaluation)
class EvaluationAdmin(PermissionAdmin, ReadOnlyAdmin):
    view_permission = "training.view_bot"
    list_display = ("named", "kind", "example_count", "right", "macro", "created")
    list_filter = ("kind", ("version__bot", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("version",)
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("report")

    @admin.display(description="Version", ordering="version__name")
    def named(self, row: Evaluation) -> str:
        return str(row.version)

    @admin.display(description="Right", ordering="accuracy")
    def right(self, row: Evaluation) -> str | None:
        return None if row.accuracy is None else f"{row.accuracy:.1%}"

    @admin.display(description="Macro F1", ordering="macro_f1")
    def macro(self, row: Evaluation) -> SafeString | None:
        return None if row.macro_f1 is None else format_html('<span class="number">{}</span>', f"{row.macro_f1:.3f}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Evaluation.objects.select_related("version__bot", "version__training_set")
        row = get_object_or_404(rows, pk=parse_id(object_id))
        context = {
            **self.admin_site.each_context(request),
            **shown(row, request.GET.get("right", ""), request.GET.get("guessed", "")),
            "title": f"{row.get_kind_display()} of {row.version}",
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/training/evaluation/evaluation.html", context)


def shown(row: Evaluation, right: str = "", guessed: str = "") -> dict[str, Any]:
    """What the templates of a report are given. `right` and `guessed` choose among the errors."""
    report = row.report
    errors = report.get("errors", [])
    chosen = [each for each in errors if right in ("", each["right"]) and guessed in ("", each["guessed"])]
    listed = chosen[:ERRORS]
    places = example_ids_by_text(row.version.bot, [each["text"] for each in listed])
    return {
        "evaluation": row,
        "report": report,
        "accuracy": bar(report.get("accuracy")),
        "macro_f1": None if row.macro_f1 is None else f"{row.macro_f1:.3f}",
        "errors": [_in_words(each, places) for each in listed[:OPEN]],
        "more_errors": [_in_words(each, places) for each in listed[OPEN:]],
        "listed": len(listed),
        "error_count": len(errors),
        "chosen_count": len(chosen),
        "chosen": {"right": right, "guessed": guessed},
        "intents": intents_in_words(report) if report else [],
        "picture": confusion_matrix_of(report) if report else None,
    }


def _in_words(error: dict[str, Any], places: dict[str, int]) -> dict[str, Any]:
    others = [(name, f"{confidence:.0%}") for name, confidence in error["ranking"] if name != error["guessed"]]
    percent, example = f"{error['confidence']:.0%}", places.get(error["text"])
    return {**error, "percent": percent, "others": others[:3], "example": example}
