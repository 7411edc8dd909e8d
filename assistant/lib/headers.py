"""Headers of every response that Django makes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

# What no page of ours uses; a script that gets in can't either, and a host page can't lend it to the widget's frame.
_DENIED = (
    "accelerometer autoplay bluetooth browsing-topics camera display-capture encrypted-media fullscreen geolocation "
    "gyroscope hid identity-credentials-get idle-detection magnetometer microphone midi otp-credentials payment "
    "picture-in-picture publickey-credentials-create publickey-credentials-get screen-wake-lock serial storage-access "
    "usb web-share window-management xr-spatial-tracking"
)
PERMISSIONS = ", ".join(f"{feature}=()" for feature in _DENIED.split())


class HeadersMiddleware(MiddlewareMixin):
    """Nothing is kept by browsers and proxies unless its view says for how long: nearly every answer has a token or a
    conversation in it, or depends on who asks."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
