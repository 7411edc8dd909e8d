"""Requests with a NUL, which PostgreSQL can't store or look for, and SQLite would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from assistant.lib.api.errors import Malformed, NotFound, body_of

NUL = "\x00"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
WORDS = "The request has a character that can't be kept (NUL)."


class StorableTextMiddleware(MiddlewareMixin):
    """404 for a NUL in the path, 400 for one in the query or in a form. What stands in JSON is looked at where it is
    read (`assistant.lib.strict`)."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if NUL in request.path_info:
            if not request.path_info.startswith("/api/"):
                raise Http404
            return JsonResponse(body_of(NotFound("There is nothing at this address.")), status=404)
        query = request.META.get("QUERY_STRING", "")
        return _refused(request) if "%00" in query or NUL in query else None

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Forms, which the check against forgery has read before. What is in files is the view's to look at."""
        if request.method != "POST" or request.content_type not in FORMS or getattr(view, "csrf_exempt", False):
            return None
        pairs = request.POST.lists()
        return _refused(request) if any(NUL in text for name, texts in pairs for text in (name, *texts)) else None


def _refused(request: HttpRequest) -> HttpResponse:
    """Raises BadRequest for pages."""
    if request.path_info.startswith("/api/"):
        return JsonResponse(body_of(Malformed(WORDS)), status=400)
    raise BadRequest(WORDS)
