"""Where the things of the audit log can be looked at, as far as they are still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from auditlog.models import LogEntry
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

PARENTS = {"annotation": "conversation"}  # the page on which it is seen


def links_of(entries: Iterable[LogEntry], site: AdminSite, request: HttpRequest) -> dict[int, str]:
    """Addresses by id of the entry; one query for each kind of thing."""
    kinds: dict[Any, list[LogEntry]] = defaultdict(list)
    for entry in entries:
        kinds[entry.content_type.model_class()].append(entry)
    found: dict[int, str] = {}
    for model, rows in kinds.items():
        if model is not None:
            found |= _links_to(model, rows, site, request)
    return found


def _links_to(model: Any, rows: list[LogEntry], site: AdminSite, request: HttpRequest) -> dict[int, str]:
    shown_on = PARENTS.get(model._meta.model_name)
    page_model = model._meta.get_field(shown_on).related_model if shown_on else model
    page = site._registry.get(page_model)
    if page is None or not page.has_view_permission(request):
        return {}
    owner = f"{shown_on}_id" if shown_on else "pk"
    ids = {row.object_id for row in rows if row.object_id is not None}
    there = dict(model._default_manager.filter(pk__in=ids).values_list("pk", owner))
    name = f"admin:{page_model._meta.app_label}_{page_model._meta.model_name}_change"
    try:
        return {row.pk: reverse(name, args=[there[row.object_id]]) for row in rows if row.object_id in there}
    except NoReverseMatch:
        return {}
