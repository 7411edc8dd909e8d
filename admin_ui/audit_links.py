"""Where the things of the audit log can be looked at, as far as they are still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from auditlog.models import LogEntry
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from assistant.lib.audit_phrases import phrases_of


def links_by_entry(entries: Iterable[LogEntry], site: AdminSite, request: HttpRequest) -> dict[int, str]:
    """Addresses by id of the entry; one query for each kind of thing."""
    by_model: dict[Any, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        by_model[entry.content_type.model_class()].append(entry)
    links: dict[int, str] = {}
    for model, rows in by_model.items():
        if model is not None:  # else of an app that is not installed any more
            links |= _links_to(model, rows, site, request)
    return links


def _links_to(model: Any, entries: list[LogEntry], site: AdminSite, request: HttpRequest) -> dict[int, str]:
    seen_on = phrases_of(model._meta.model_name).seen_on
    page_model = model._meta.get_field(seen_on).related_model if seen_on else model
    page = site._registry.get(page_model)
    if page is None or not page.has_view_permission(request):
        return {}
    # Deleted rows are in the log, but nowhere else.
    ids = {entry.object_id for entry in entries if entry.object_id is not None}
    pages = dict(model._default_manager.filter(pk__in=ids).values_list("pk", f"{seen_on}_id" if seen_on else "pk"))
    name = f"admin:{page_model._meta.app_label}_{page_model._meta.model_name}_change"
    try:
        return {entry.pk: reverse(name, args=[pages[entry.object_id]]) for entry in entries if entry.object_id in pages}
    except NoReverseMatch:  # its admin has a list, but no page for one row
        return {}
