"""Two versions side by side: what is new in the data, and what that does to messages that neither was trained on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from assistant.lib.admin import additions_to, parse_id
from training.admin.desk import jobs_of, live_in
from training.admin.shown import bar
from training.models import Evaluation, ModelVersion
from training.reports import ReportComparison, compare_reports
from training.selectors import difference_between, live_version, unfinished_jobs
from training.services import JOB_KINDS

OFFERED = 100  # versions that one may choose from
LISTED = 200


class Comparing(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compare_view)
        return [path("compare/", view, name="training_modelversion_compare"), *super().get_urls()]

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        left, right = (_chosen(request.GET.get(side, "")) for side in ("left", "right"))
        if right and (left is None or left.bot_id != right.bot_id):
            left = live_version(right.bot)
        may = {
            name: request.user.has_perm(f"training.{name}") for name in ("train_bot", "activate_version", "edit_data")
        }
        context = {
            **self.admin_site.each_context(request),
            "title": "Compare two versions",
            "opts": self.opts,
            "may": may,
            "additions": additions_to(request, self, left, right) if left and right else [],
            "left": left,
            "right": right,
            "versions": _offered(left or right),
            **(_compared(left, right) if left and right else {}),
        }
        return TemplateResponse(request, "admin/training/modelversion/compare.html", context)


def _chosen(asked: str) -> ModelVersion | None:
    rows = ModelVersion.objects.select_related("bot", "training_set")
    return rows.filter(pk=parse_id(asked) or 0).first()


def _offered(of: ModelVersion | None) -> list[ModelVersion]:
    rows = ModelVersion.objects.filter(status=ModelVersion.Status.READY).select_related("bot")
    return list((rows.filter(bot=of.bot_id) if of else rows)[:OFFERED])


def _compared(left: ModelVersion, right: ModelVersion) -> dict[str, Any]:
    live = live_in(right.bot)
    return {
        **jobs_of(right.bot),
        "new": difference_between(left, right),
        "listed": LISTED,
        "live_version": live.version if live else None,
        "kinds": [_kind(kind, left, right) for kind in Evaluation.Kind],
    }


def _kind(kind: Evaluation.Kind, left: ModelVersion, right: ModelVersion) -> dict[str, Any]:
    """One way of evaluating: what both did, and on what they had in common."""
    rows = [Evaluation.objects.filter(version=version, kind=kind).first() for version in (left, right)]
    missing = [version for version, row in zip((left, right), rows, strict=True) if row is None]
    asked = unfinished_jobs().filter(kind=JOB_KINDS[kind], version__in=missing).values_list("version_id", flat=True)
    found = {"kind": kind, "missing": missing, "to_ask": [v for v in missing if v.pk not in set(asked)]}
    if rows[0] is None or rows[1] is None:
        return found
    both = compare_reports(rows[0].report, rows[1].report)
    changes = [{"better": better, "rows": [c for c in both.changes if c.better == better]} for better in (False, True)]
    return {**found, "both": both, "sides": _sides(rows, both), "changes": changes, "intents": _intents(both)}


def _sides(rows: list[Evaluation | None], both: ReportComparison) -> list[dict[str, Any]]:
    shares = (both.left, both.right)
    return [{"evaluation": row, "bar": bar(share)} for row, share in zip(rows, shares, strict=True)]


def _intents(both: ReportComparison) -> list[dict[str, Any]]:
    """Only those that changed."""
    return [
        {
            "name": name,
            "count": count,
            "before": f"{was:.0%}",
            "after": f"{is_:.0%}",
            "delta": f"{100 * (is_ - was):+.0f}",
        }
        for name, count, was, is_ in both.intents
        if was != is_
    ]
