"""Requests that may be large: who may send them is looked up before their body is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie
from rest_framework.exceptions import APIException
from rest_framework_simplejwt.authentication import JWTAuthentication


@dataclass(frozen=True)
class LargeBody:
    """`path` is a regular expression, `limit` says how many bytes."""

    path: str
    permission: str
    limit: Callable[[], int]


LARGE: list[LargeBody] = []  # an app adds its own when it is ready


def may_send(door: LargeBody, authorization: str, cookies: str) -> bool:
    """Whether that session or token is of somebody who may. It asks the database."""
    user = _user_of(authorization, cookies)
    return bool(user and user.is_active and user.has_perm(door.permission))


def _user_of(authorization: str, cookies: str) -> Any:
    request = HttpRequest()
    try:
        if authorization:
            request.META["HTTP_AUTHORIZATION"] = authorization
            found = JWTAuthentication().authenticate(request)
            return found[0] if found else None
        key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return get_user(request)
    except (APIException, CookieError, UnicodeError):
        return None
