"""Large files over HTTP: uploads by those who may, and downloads in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.cookies import CookieError
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse, parse_cookie
from rest_framework.exceptions import APIException
from rest_framework_simplejwt.authentication import JWTAuthentication

from assistant.lib.threads import in_pool


@dataclass(frozen=True)
class LargeUpload:
    """A place that takes more than other requests may send, from those who have the permission."""

    path: str  # a regular expression
    permission: str
    limit: Callable[[], int]  # bytes


PIECE = 1 << 18  # bytes
LARGE_UPLOADS: list[LargeUpload] = []  # an app adds its own when it is ready


def may_upload(upload: LargeUpload, authorization: str, cookies: str) -> bool:
    """Whether that session or token is of somebody who may. It asks the database, and reads no body for it."""
    user = _user_of(authorization, cookies)
    return bool(user and user.is_active and user.has_perm(upload.permission))


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


def attachment(request: HttpRequest, pieces: Iterator[bytes], name: str, kind: str) -> StreamingHttpResponse:
    """A file that is written while it is sent."""

    async def asynchronous() -> AsyncIterator[bytes]:
        while (piece := await in_pool(next, pieces, None)) is not None:  # an empty piece is not the end
            yield piece

    # Django would read all of a plain iterator ahead under ASGI: it gets an asynchronous one there.
    content = asynchronous() if isinstance(request, ASGIRequest) else pieces
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(content, content_type=kind, headers=headers)


def file_attachment(request: HttpRequest, path: Path, kind: str) -> StreamingHttpResponse:
    """A file on disk. Its length is known, so that browsers show how far they are."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    response = attachment(request, pieces(), path.name, kind)
    response.headers["Content-Length"] = str(path.stat().st_size)
    return response
