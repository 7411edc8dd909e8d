"""Every error of the API is `{"message": words for people, "extra": {"code": for programs, ...}}`."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from assistant.lib.api.errors import Malformed, TooLarge, body_of
from assistant.lib.errors import FrontdeskError

log = logging.getLogger("frontdesk.api")


def answer_to(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler."""
    known = _ours(error)
    if known is not None:
        set_rollback()
        return Response(body_of(known), status=known.status, headers=_headers(known))
    response = exception_handler(error, context)
    if response is None:
        return _crashed(error, context)
    response.data = _reshaped(error)
    return response


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """What django-axes answers with to whoever failed too often: the API in JSON, the staff site as a page."""
    words = "Too many failed log-ins. Wait a quarter of an hour, then try again."
    if request.path.startswith("/api/"):
        error = FrontdeskError(words, code="locked_out")
        return JsonResponse(body_of(error), status=429, headers={"Retry-After": "900"})
    return not_now(request, words, 900)


def not_now(request: HttpRequest, words: str, seconds: float) -> HttpResponse:
    """The page of the staff site for whoever tries to log in too often."""
    page = render(request, "admin/locked_out.html", {"words": words}, status=429)
    page.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return page


def _ours(error: Exception) -> FrontdeskError | None:
    if isinstance(error, FrontdeskError):
        return error
    if isinstance(error, RequestDataTooBig):
        return TooLarge("That is more than one request may carry.")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Malformed("The request can't be read.")
    return None


def _headers(error: FrontdeskError) -> dict[str, str]:
    wait = error.extra.get("retry_after")
    return {"Retry-After": str(math.ceil(wait))} if wait else {}


def _crashed(error: Exception, context: dict[str, Any]) -> Response:
    request = context["request"]
    log.error("%s %s failed: %s", request.method, request.path, type(error).__name__, exc_info=error)
    set_rollback()
    return Response(body_of(FrontdeskError("That did not work, please try again.", code="server")), status=500)


def _reshaped(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        fields = _fields(error.detail)
        name, words = next(iter(fields.items()))
        message = words[0] if name == "body" else f"{name}: {words[0]}"
        return {"message": message, "extra": {"code": "invalid", "fields": fields}}
    if isinstance(error, exceptions.Throttled):
        wait = round(error.wait or 1, 1)
        return {"message": "Too many requests.", "extra": {"code": "rate_limited", "retry_after": wait}}
    if isinstance(error, exceptions.APIException):
        return {"message": _words(error.detail), "extra": {"code": _code(error)}}
    if isinstance(error, Http404):
        return {"message": "There is nothing at this address.", "extra": {"code": "not_found"}}
    return {"message": "You may not do this.", "extra": {"code": "permission_denied"}}


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _words(detail: Any) -> str:
    while isinstance(detail, Mapping | list):
        detail = next(iter(detail.values() if isinstance(detail, Mapping) else detail), "")
    return str(detail)


def _fields(detail: Any) -> dict[str, list[str]]:
    """Texts by field; `ids.3` is the fourth of `ids`, `body` the whole."""
    found: dict[str, list[str]] = {}
    for path, words in _leaves(detail, ()):
        found.setdefault(".".join(path) or "body", []).append(words)
    return found or {"body": ["This is not valid."]}


def _leaves(detail: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(detail, Mapping):
        inner = [((*path, str(name)) if name != "non_field_errors" else path, part) for name, part in detail.items()]
    elif isinstance(detail, list):
        inner = [((*path, str(at)) if isinstance(part, Mapping) else path, part) for at, part in enumerate(detail)]
    else:
        return [(path, str(detail))]
    return [leaf for where, part in inner for leaf in _leaves(part, where)]
