"""The navigation of every staff page: places that ModelAdmins name (`assistant.lib.admin.Navigation`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.urls import reverse

from assistant.lib.admin import HasNavigation, Navigation


@dataclass(frozen=True)
class Place:
    title: str
    url: str
    current: bool = False


def places(site: str, pages: Iterable[ModelAdmin], request: HttpRequest) -> list[Place]:
    """Those that the user may see, in order. The current one is that with the longest address above this page."""
    seen = sorted(_allowed(pages, request), key=lambda found: found[1].order)
    named = [Place(entry.title, _address(site, page, entry)) for page, entry in seen]
    roots = [(root, place) for place, (_page, entry) in zip(named, seen, strict=True) for root in _roots(place, entry)]
    above = [(len(root), place) for root, place in roots if request.path.startswith(root)]
    current = max(above, key=lambda found: found[0], default=(0, None))[1]
    return [replace(place, current=place is current) for place in named]


def _roots(place: Place, entry: Navigation) -> list[str]:
    return [place.url, *map(reverse, entry.also)]


def _allowed(pages: Iterable[ModelAdmin], request: HttpRequest) -> Iterator[tuple[ModelAdmin, Navigation]]:
    for page in pages:
        if not isinstance(page, HasNavigation):
            continue
        for entry in page.navigation:
            if request.user.has_perm(entry.permission) if entry.permission else page.has_view_permission(request):
                yield page, entry


def _address(site: str, page: ModelAdmin, entry: Navigation) -> str:
    return reverse(entry.url_name or f"{site}:{page.opts.app_label}_{page.opts.model_name}_changelist")
