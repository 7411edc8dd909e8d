"""Addresses with or without the last slash, for every method."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import ResolverMatch, RoutePattern
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from assistant.lib.api.doors import Door
from assistant.lib.api.errors import NotFound


class SlashOptional(URLResolver):
    """All addresses below end in a slash; who leaves it out means the same. A redirect would lose the body."""

    def resolve(self, path: str) -> ResolverMatch:
        return super().resolve(path if path.endswith("/") else f"{path}/")


def slash_optional(route: str, patterns: list[URLPattern | URLResolver]) -> URLResolver:
    return SlashOptional(RoutePattern(route, is_endpoint=False), patterns)


class Nowhere(Door):
    """What no address matches is said in JSON, too."""

    authentication_classes = ()
    permission_classes = ()
    schema: Any = None

    @extend_schema(exclude=True)
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is nothing at this address.")
