"""The pages of the widget: its loader, the frame it lives in, and a page to try it on."""

from __future__ import annotations

from pathlib import Path

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt


@cache_control(public=True, max_age=300)
def loader(request: HttpRequest) -> HttpResponse:
    """The one script of the embed snippet, for pages of any origin."""
    path = finders.find("widget/loader.js")
    if not path:
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@xframe_options_exempt
@csp_replace({"frame-ancestors": [SELF, *settings.WIDGET_ORIGINS]})
def frame(request: HttpRequest) -> HttpResponse:
    """The chat itself, inside an iframe of the host page."""
    return render(request, "widget/frame.html", {"max_chars": settings.MESSAGE_MAX_CHARS})


def home(request: HttpRequest) -> HttpResponse:
    """A demo page with the widget on it."""
    return render(request, "home.html", {"origin": request.build_absolute_uri("/").rstrip("/")})
