from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest


def staff(request: HttpRequest) -> User:
    """Who asks: nobody comes to a staff page without logging in."""
    return cast(User, request.user)
