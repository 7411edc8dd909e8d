"""Who sends a request to the API."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import Token

LOGIN = "login"
"""The claim that all tokens of a log-in share. The log-in is a row among the outstanding tokens; blacklisted, it ends
every token that came of it."""


class LoginJWTAuthentication(JWTAuthentication):
    """An access token is good as long as its log-in is."""

    def get_user(self, validated_token: Token) -> Any:
        user = super().get_user(validated_token)
        if BlacklistedToken.objects.filter(token__jti=validated_token.get(LOGIN, "")).exists():
            raise AuthenticationFailed("This log-in has ended.", code="token_not_valid")
        return user
