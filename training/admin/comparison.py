"""Two versions side by side: what is new in the data, and what that does to messages that neither was trained on."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.views.generic import TemplateView

from assistant.lib.admin import additions_to, parse_id
from training.admin.formatting import interval_bar
from training.admin.overview import live_in, queue_context
from training.admin.views import ModelsPage
from training.models import Evaluation, ModelVersion
from training.reports import compare_reports
from training.selectors import difference_between, live_version, unfinished_jobs
from training.services import JOB_KINDS

OFFERED = 100  # versions that one may choose from
LISTED = 200


class CompareView(ModelsPage, TemplateView):
    """`?left=` and `?right=` are ids. Where the left one is not named, or of another bot, it is what is live."""

    title = "Compare two versions"
    template_name = "admin/training/modelversion/compare.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = ModelVersion.objects.select_related("bot", "training_set")
        left, right = (
            rows.filter(pk=parse_id(self.request.GET.get(side, "")) or 0).first() for side in ("left", "right")
        )
        if right and (left is None or left.bot_id != right.bot_id):
            left = live_version(right.bot)
        # Once one is chosen, the other can only be of its bot.
        offered = ModelVersion.objects.filter(status=ModelVersion.Status.READY).select_related("bot")
        if one := left or right:
            offered = offered.filter(bot=one.bot_id)
        context: dict[str, Any] = {"left": left, "right": right, "versions": list(offered[:OFFERED])}
        if left and right:
            live = live_in(right.bot)
            context |= {
                **queue_context(right.bot),
                "new": difference_between(left, right),
                "listed": LISTED,
                "live_version": live.version if live else None,
                "kinds": [evaluations_compared(kind, left, right) for kind in Evaluation.Kind],
                "additions": additions_to(self.request, cast(admin.ModelAdmin, self.model_admin), left, right),
            }
        return super().get_context_data(**context, **kwargs)


def evaluations_compared(kind: Evaluation.Kind, left: ModelVersion, right: ModelVersion) -> dict[str, Any]:
    """One way of evaluating: what both did, and on what they had in common; or which were not evaluated so yet."""
    rows = [Evaluation.objects.filter(version=version, kind=kind).first() for version in (left, right)]
    missing = [version for version, row in zip((left, right), rows, strict=True) if row is None]
    asked = unfinished_jobs().filter(kind=JOB_KINDS[kind], version__in=missing).values_list("version_id", flat=True)
    # Who is asked for it already needs no button.
    found = {"kind": kind, "missing": missing, "to_ask": [v for v in missing if v.pk not in set(asked)]}
    if rows[0] is None or rows[1] is None:
        return found
    both = compare_reports(rows[0].report, rows[1].report)
    shares = zip(rows, (both.left, both.right), strict=True)
    intents = [
        {
            "name": name,
            "count": count,
            "before": f"{before:.0%}",
            "after": f"{after:.0%}",
            "delta": f"{100 * (after - before):+.0f}",
        }
        for name, count, before, after in both.intents
        if before != after
    ]
    return {
        **found,
        "both": both,
        "sides": [{"evaluation": row, "bar": interval_bar(share)} for row, share in shares],
        "changes": [
            {"better": better, "rows": [c for c in both.changes if c.better == better]} for better in (False, True)
        ],
        "intents": intents,
    }
