"""The navigation of every staff page: places that ModelAdmins name (`assistant.lib.admin.Navigation`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.urls import reverse

from assistant.lib.admin import HasNavigation


@dataclass(frozen=True)
class NavigationLink:
    """As the template shows it."""

    title: str
    url: str
    current: bool = False


def navigation_links(site: str, pages: Iterable[ModelAdmin], request: HttpRequest) -> list[NavigationLink]:
    """Those that the user may see, in order. The current one is that with the longest address above this page."""
    entries = [
        (page, entry)
        for page in pages
        if isinstance(page, HasNavigation)
        for entry in page.navigation
        if (request.user.has_perm(entry.permission) if entry.permission else page.has_view_permission(request))
    ]
    entries.sort(key=lambda pair: pair[1].order)
    links = []
    for page, entry in entries:
        changelist = f"{site}:{page.opts.app_label}_{page.opts.model_name}_changelist"
        links.append(NavigationLink(entry.title, reverse(entry.url_name or changelist)))
    current, longest = None, 0
    # `also`: pages elsewhere that belong to the place.
    for link, (_page, entry) in zip(links, entries, strict=True):
        for root in (link.url, *map(reverse, entry.also)):
            if request.path.startswith(root) and len(root) > longest:
                current, longest = link, len(root)
    return [replace(link, current=link is current) for link in links]
