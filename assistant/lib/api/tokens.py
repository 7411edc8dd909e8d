"""The tokens of a log-in: a short access token, and a refresh token that is good once."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from django.contrib.auth import user_logged_out
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.dispatch import receiver
from django.utils.timezone import now
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, UntypedToken

from assistant.lib.api.authentication import LOGIN, LoginJWTAuthentication
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError

log = logging.getLogger("frontdesk.api")


class NotLoggedIn(FrontdeskError):
    """Whoever asks has to log in, or to log in again."""

    code = "not_authenticated"
    status = 401


def create_token_pair(user: User, login: str = "") -> dict[str, str]:
    """The tokens of a new log-in, or of the one named `login`, which goes on."""
    login = login or uuid4().hex
    # Whoever logs in takes their own old rows away, so the table does not grow.
    OutstandingToken.objects.filter(user=user, expires_at__lt=now()).delete()
    refresh = RefreshToken.for_user(user)
    refresh[LOGIN] = login
    # The row is there to be blacklisted. The token itself is not kept: it would let in whoever reads the database.
    OutstandingToken.objects.filter(jti=refresh["jti"]).update(token="")
    # The log-in's own row lives as long as its newest token.
    expires = datetime.fromtimestamp(refresh["exp"], timezone.utc)
    OutstandingToken.objects.update_or_create(jti=login, defaults={"user": user, "expires_at": expires})
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def refresh_token_pair(text: str) -> dict[str, str]:
    """A new pair for a refresh token. Raises NotLoggedIn where it is not good, or not any more."""
    _end_all_logins_if_reused(text)
    old = _refresh_token(text)
    user: Any = None
    with suppress(AuthenticationFailed):  # gone, deactivated, another password, or logged out
        user = LoginJWTAuthentication().get_user(old)
    if not isinstance(user, User) or not user.is_staff:
        raise NotLoggedIn("This refresh token is not good any more. Log in again.", code="token_not_valid")
    with write_transaction():
        _row, first = old.blacklist()
        if not first:  # of two that come at once with the same token, one gets through
            raise NotLoggedIn("This refresh token was used before. Log in again.", code="token_not_valid")
        OutstandingToken.objects.filter(jti=old["jti"]).update(token="")
        return create_token_pair(user, old.get(LOGIN, ""))


def end_login(text: str) -> None:
    """The refresh token, and every token of its log-in."""
    token = _refresh_token(text)
    with write_transaction():
        token.blacklist()
        _blacklist(OutstandingToken.objects.filter(jti__in=[token["jti"], token.get(LOGIN, "")]))


@receiver(user_logged_out)
def end_all_logins(user: User | None, **_: Any) -> None:
    """Who logs out of the staff site has no tokens left either."""
    if user is not None:
        _blacklist(OutstandingToken.objects.filter(user=user.pk))


def _refresh_token(text: str) -> Any:
    try:
        return RefreshToken(text)  # type: ignore[arg-type]
    except TokenError:
        raise NotLoggedIn("This refresh token is not good any more. Log in again.", code="token_not_valid") from None


def _end_all_logins_if_reused(text: str) -> None:
    """One of two has a token that the other stole, and nobody knows who: both log in again (RFC 9700, 4.14.2)."""
    try:
        jti = UntypedToken(text)["jti"]  # type: ignore[arg-type]
    except TokenError:
        return
    used = BlacklistedToken.objects.filter(token__jti=jti).select_related("token").first()
    if used is not None and used.token.user_id is not None:
        log.warning("a refresh token of user %s came again after it was used: all of theirs end", used.token.user_id)
        _blacklist(OutstandingToken.objects.filter(user=used.token.user_id))


def _blacklist(tokens: QuerySet[OutstandingToken]) -> None:
    good = tokens.filter(blacklistedtoken=None)
    tokens.update(token="")
    # ignore_conflicts: two may end the same log-in at once.
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in good], ignore_conflicts=True)
