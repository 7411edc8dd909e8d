"""Django middleware of every request: headers of answers, and requests with a NUL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from assistant.lib.api.exceptions import error_body

NUL = "\x00"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
REFUSAL = "The request has a character that can't be kept (NUL)."
# What no page of ours uses; a script that gets in can't either, and a host page can't lend it to the widget's frame.
_DENIED = (
    "accelerometer autoplay browsing-topics camera display-capture encrypted-media fullscreen geolocation "
    "gyroscope hid identity-credentials-get idle-detection magnetometer microphone midi otp-credentials payment "
    "picture-in-picture publickey-credentials-create publickey-credentials-get screen-wake-lock serial storage-access "
    "usb window-management xr-spatial-tracking"
)
PERMISSIONS = ", ".join(f"{feature}=()" for feature in _DENIED.split())


class DefaultHeadersMiddleware(MiddlewareMixin):
    """Headers that every response has unless its view says otherwise.

    Browsers and proxies keep nothing: nearly every answer has a token or a conversation in it, or depends on who asks.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class RejectNulMiddleware(MiddlewareMixin):
    """404 for a NUL in the path, 400 for one in the query or in a form: PostgreSQL can't store or look for it, and
    SQLite would. JSON is checked where it is read (`assistant.lib.strict_json`)."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if NUL in request.path_info:
            if not request.path_info.startswith("/api/"):
                raise Http404
            return JsonResponse(error_body("There is nothing at this address.", "not_found"), status=404)
        query = request.META.get("QUERY_STRING", "")
        return _refuse(request) if "%00" in query or NUL in query else None

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Forms, which the check against forgery has read before. What is in files is the view's to look at."""
        if request.method != "POST" or request.content_type not in FORMS or getattr(view, "csrf_exempt", False):
            return None
        pairs = request.POST.lists()
        return _refuse(request) if any(NUL in text for name, texts in pairs for text in (name, *texts)) else None


def _refuse(request: HttpRequest) -> HttpResponse:
    """Raises BadRequest for pages."""
    if request.path_info.startswith("/api/"):
        return JsonResponse(error_body(REFUSAL, "parse_error"), status=400)
    raise BadRequest(REFUSAL)
