"""All that is known of one version."""

from __future__ import annotations

from typing import Any

from django.utils.crypto import constant_time_compare

from assistant.engine.archives import sign
from training.admin.desk import live_in
from training.admin.evaluations import shown
from training.admin.jobs import JobShown
from training.admin.shown import duration
from training.models import Evaluation, ModelVersion
from training.selectors import difference_between, live_version

LISTED = 200  # examples of a difference, of each kind
ERRORS = 8


def version_page(version: ModelVersion) -> dict[str, Any]:
    """What the template is given."""
    live = live_version(version.bot)
    return {
        "version": version,
        "live": live_in(version.bot),
        "is_live": live == version,
        "other": version.parent if live == version else live,
        "places": [place.name for place in version.live_in.all()],
        "ready": version.status == ModelVersion.Status.READY,
        "took": duration(version.train_seconds) if version.train_seconds is not None else "",
        "archive": archive_in_words(version),
        "new": difference_between(version.parent, version) if version.parent else None,
        "listed": LISTED,
        "reports": [_report(row) for row in _newest(version)],
        "jobs": [JobShown(job) for job in version.jobs.select_related("requested_by").defer("log")],
    }


def archive_in_words(version: ModelVersion) -> str:
    """Whether it can be loaded; its content is compared with its SHA-256 each time that it is."""
    if not version.sha256 or version.status != ModelVersion.Status.READY:
        return ""
    if not version.path.is_file():
        return "The file is missing."
    if version.path.stat().st_size != version.size:
        return "The file has changed since it was recorded."
    return "signed by us" if constant_time_compare(version.signature, sign(version.sha256)) else "not signed by us"


def _newest(version: ModelVersion) -> list[Evaluation]:
    rows = [Evaluation.objects.filter(version=version, kind=kind).first() for kind in Evaluation.Kind]
    return [row for row in rows if row]


def _report(row: Evaluation) -> dict[str, Any]:
    report = shown(row)
    return {**report, "errors": report["errors"][:ERRORS]}
