"""Addresses with or without the last slash, for every method."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import ResolverMatch, RoutePattern


class SlashOptionalResolver(URLResolver):
    """All addresses below end in a slash; who leaves it out means the same. A redirect would lose the body."""

    def resolve(self, path: str) -> ResolverMatch:
        return super().resolve(path if path.endswith("/") else f"{path}/")


def slash_optional(route: str, patterns: list[URLPattern | URLResolver]) -> URLResolver:
    """As `path(route, include(patterns))`."""
    return SlashOptionalResolver(RoutePattern(route, is_endpoint=False), patterns)
