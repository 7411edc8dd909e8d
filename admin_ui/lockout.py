"""The answers to whoever tries to log in too often."""

from __future__ import annotations

import math
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from assistant.lib.api.exceptions import error_body

COOL_OFF = 900  # seconds: as AXES_COOLOFF_TIME


def lockout_response(request: HttpRequest, *_: Any) -> HttpResponse:
    """Of django-axes, after too many failures: the API answers in JSON, the staff site with a page."""
    words = "Too many failed log-ins. Wait a quarter of an hour, then try again."
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(words, "locked_out"), status=429, headers={"Retry-After": str(COOL_OFF)})
    return lockout_page(request, words, COOL_OFF)


def lockout_page(request: HttpRequest, words: str, seconds: float) -> HttpResponse:
    """The page of the staff site, with the time to wait."""
    page = render(request, "admin/locked_out.html", {"words": words}, status=429)
    # Never 0: whoever is told to wait no time comes again at once.
    page.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return page
