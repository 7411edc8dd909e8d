"""What pages take from a request."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest

from assistant.lib import admin


def staff(request: HttpRequest) -> User:
    """Who asks: nobody comes to a staff page without logging in."""
    return cast(User, request.user)


def parse_id(address: str) -> int:
    """A row's id, as Django's own addresses have it. Raises Http404."""
    number = admin.parse_id(address)
    if number is None:
        raise Http404
    return number
