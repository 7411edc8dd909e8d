"""Log in, stay logged in, log out: a short access token and a refresh token that is good once."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from django.contrib.auth import authenticate, user_logged_in, user_logged_out
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, UntypedToken

from assistant.lib.api.asked import Strict
from assistant.lib.api.authentication import LOGIN, TokenOfLogin
from assistant.lib.api.doors import Door
from assistant.lib.api.errors import TooFast
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.lib.throttles import login_throttle_wait, retry_after

log = logging.getLogger("frontdesk.api")


class NotLoggedIn(FrontdeskError):
    code = "not_authenticated"
    status = 401


class Credentials(Strict):
    username = serializers.CharField(max_length=150, trim_whitespace=False)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})


class Refresh(Strict):
    refresh = serializers.CharField(max_length=2000)


class Pair(serializers.Serializer):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer ...`. Good for ten minutes.")
    refresh = serializers.CharField(help_text="Good for seven days, and once: refreshing gives a new pair.")


class BeforeLogin(Door):
    authentication_classes = ()
    permission_classes = ()


class Login(BeforeLogin):
    @extend_schema(
        operation_id="login", summary="Log in", request=Credentials, responses=Pair, auth=[], tags=["Log in"]
    )
    def post(self, request: Request) -> Response:
        asked = self.asked(Credentials)
        http = request._request
        if wait := login_throttle_wait(http, asked["username"]):
            raise TooFast("Too many log-ins.", retry_after=retry_after(wait))
        user = authenticate(http, username=asked["username"], password=asked["password"])
        if not isinstance(user, User) or not user.is_staff:
            raise NotLoggedIn("This user name and password do not match.", code="bad_credentials")
        del http.session  # whoever hears of the log-in would make one, and nobody would ever send it
        with write_transaction():
            user_logged_in.send(User, request=http, user=user)
            return Response(_pair_for(user, uuid4().hex))


class Renew(BeforeLogin):
    @extend_schema(
        operation_id="refresh",
        summary="A new pair of tokens",
        request=Refresh,
        responses=Pair,
        auth=[],
        tags=["Log in"],
    )
    def post(self, request: Request) -> Response:
        text = self.asked(Refresh)["refresh"]
        _end_all_where_used_before(text)
        old = _refresh_token(text)
        user = _owner(old)
        with write_transaction():
            _use_up(old)
            return Response(_pair_for(user, old.get(LOGIN) or uuid4().hex))


class Logout(BeforeLogin):
    @extend_schema(
        operation_id="logout",
        summary="End this log-in: the refresh token and all access tokens that came of it",
        request=Refresh,
        responses={204: OpenApiResponse(description="They are good for nothing any more.")},
        auth=[],
        tags=["Log in"],
    )
    def post(self, request: Request) -> Response:
        old = _refresh_token(self.asked(Refresh)["refresh"])
        with write_transaction():
            old.blacklist()
            _end(OutstandingToken.objects.filter(jti__in=[old["jti"], old.get(LOGIN, "")]))
        return Response(status=204)


@receiver(user_logged_out)
def end_tokens(user: User | None, **_: Any) -> None:
    """Who logs out of the staff site has no tokens left either."""
    if user is not None:
        _end(OutstandingToken.objects.filter(user=user.pk))


def _pair_for(user: User, login: str) -> dict[str, str]:
    """Tokens of a new log-in, or of one that goes on."""
    OutstandingToken.objects.filter(user=user, expires_at__lt=now()).delete()
    refresh = RefreshToken.for_user(user)
    refresh[LOGIN] = login
    OutstandingToken.objects.filter(jti=refresh["jti"]).update(token="")
    expires = datetime.fromtimestamp(refresh["exp"], timezone.utc)
    OutstandingToken.objects.update_or_create(jti=login, defaults={"user": user, "expires_at": expires})
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def _refresh_token(text: str) -> Any:
    try:
        return RefreshToken(text)  # type: ignore[arg-type]
    except TokenError:
        raise NotLoggedIn("This refresh token is not good any more. Log in again.", code="token_not_valid") from None


def _end_all_where_used_before(text: str) -> None:
    """One of two has a token that the other stole, and nobody knows who: both log in again (RFC 9700, 4.14.2)."""
    try:
        jti = UntypedToken(text)["jti"]  # type: ignore[arg-type]
    except TokenError:
        return
    used = BlacklistedToken.objects.filter(token__jti=jti).select_related("token").first()
    if used is not None and used.token.user_id is not None:
        log.warning("a refresh token of user %s came again after it was used: all of theirs end", used.token.user_id)
        _end(OutstandingToken.objects.filter(user=used.token.user_id))


def _end(tokens: QuerySet[OutstandingToken]) -> None:
    good = tokens.filter(blacklistedtoken=None)
    tokens.update(token="")
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in good], ignore_conflicts=True)


def _owner(token: Any) -> User:
    """Who is still there, still on the staff, still has the same password and has not logged out."""
    user: Any = None
    with suppress(AuthenticationFailed):
        user = TokenOfLogin().get_user(token)
    if not isinstance(user, User) or not user.is_staff:
        raise NotLoggedIn("This refresh token is not good any more. Log in again.", code="token_not_valid")
    return user


def _use_up(token: Any) -> None:
    """Of two that come at once with the same token, one gets through."""
    _row, first = token.blacklist()
    if not first:
        raise NotLoggedIn("This refresh token was used before. Log in again.", code="token_not_valid")
    OutstandingToken.objects.filter(jti=token["jti"]).update(token="")
