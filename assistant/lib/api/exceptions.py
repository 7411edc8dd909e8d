"""Every error of the API is `{"message": words for people, "extra": {"code": for programs, ...}}`."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, views
from rest_framework.response import Response

from assistant.lib.api.parsers import RequestTooLarge
from assistant.lib.errors import FrontdeskError

log = logging.getLogger("frontdesk.api")


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's setting EXCEPTION_HANDLER. No error leaves the API in another form, nor with words that were not meant
    for whoever asked."""
    if isinstance(error, FrontdeskError):  # what services raise, in words for whoever asked
        views.set_rollback()
        wait = error.extra.get("retry_after")
        headers = {"Retry-After": str(math.ceil(wait))} if wait else {}
        return Response(error_body(error.message, error.code, **error.extra), status=error.status, headers=headers)
    error = _as_api_exception(error)
    response = views.exception_handler(error, context)
    if response is None:  # a fault of ours: the log has it, the answer says nothing of it
        request = context["request"]
        log.error("%s %s failed: %s", request.method, request.path, type(error).__name__, exc_info=error)
        views.set_rollback()
        return Response(error_body("That did not work, please try again.", "server"), status=500)
    response.data = _body_of(error)
    return response


def error_body(message: str, code: str, **extra: Any) -> dict[str, Any]:
    """The one form of errors, also for those outside of DRF's views."""
    return {"message": message, "extra": {"code": code, **extra}}


def _as_api_exception(error: Exception) -> Exception:
    """Django's errors as DRF's, in our words; anything else as it is."""
    if isinstance(error, RequestDataTooBig):  # a SuspiciousOperation, too: so it comes first
        return RequestTooLarge()
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return exceptions.ParseError("The request can't be read.")
    if isinstance(error, Http404):
        return exceptions.NotFound("There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied("You may not do this.")
    return error


def _body_of(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        fields: dict[str, list[str]] = {}
        for path, words in _leaves(error.detail, ()):
            fields.setdefault(".".join(path) or "body", []).append(words)
        # People get the first; programs get all, by field.
        fields = fields or {"body": ["This is not valid."]}
        name, texts = next(iter(fields.items()))
        return error_body(texts[0] if name == "body" else f"{name}: {texts[0]}", "invalid", fields=fields)
    if isinstance(error, exceptions.Throttled):
        return error_body("Too many requests.", "rate_limited", retry_after=round(error.wait or 1, 1))
    detail: Any = error.detail
    while isinstance(detail, Mapping | list):  # of several, the first: simplejwt gives a detail for each kind of token
        detail = next(iter(detail.values() if isinstance(detail, Mapping) else detail), "")
    codes = error.get_codes()
    return error_body(str(detail), codes if isinstance(codes, str) else error.default_code)


def _leaves(detail: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """Each text of a validation error with the way to its field: `("ids", "3")` is the fourth of `ids`, `()` the
    whole body."""
    if isinstance(detail, Mapping):
        inner = [((*path, str(name)) if name != "non_field_errors" else path, part) for name, part in detail.items()]
    elif isinstance(detail, list):
        inner = [((*path, str(at)) if isinstance(part, Mapping) else path, part) for at, part in enumerate(detail)]
    else:
        return [(path, str(detail))]
    return [leaf for where, part in inner for leaf in _leaves(part, where)]
