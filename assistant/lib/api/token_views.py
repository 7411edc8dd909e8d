"""Log in, stay logged in, log out."""

from __future__ import annotations

from django.contrib.auth import authenticate, user_logged_in
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.serializers import StrictSerializer
from assistant.lib.api.tokens import NotLoggedIn, create_token_pair, end_login, refresh_token_pair
from assistant.lib.api.views import ApiView
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from assistant.lib.throttles import login_throttle_wait, retry_after

TAG = ["Log in"]


class TooManyLogins(FrontdeskError):
    """`extra.retry_after`: seconds."""

    code = "rate_limited"
    status = 429


class LoginSerializer(StrictSerializer):
    """What one logs in with."""

    username = serializers.CharField(max_length=150, trim_whitespace=False)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, style={"input_type": "password"})


class RefreshSerializer(StrictSerializer):
    """The refresh token that came last."""

    refresh = serializers.CharField(max_length=2000)


class TokenPairSerializer(serializers.Serializer):
    """What one sends from now on."""

    access = serializers.CharField(help_text="Send it as `Authorization: Bearer ...`. Good for ten minutes.")
    refresh = serializers.CharField(help_text="Good for seven days, and once: refreshing gives a new pair.")


class PublicView(ApiView):
    """For those who have no token yet, or bring it in the body."""

    authentication_classes = ()
    permission_classes = ()


class LoginView(PublicView):
    """The user name and password of staff for a pair of tokens."""

    @extend_schema(
        operation_id="login",
        summary="Log in",
        request=LoginSerializer,
        responses=TokenPairSerializer,
        auth=[],
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        credentials = self.validated_body(LoginSerializer)
        http = request._request
        if wait := login_throttle_wait(http, credentials["username"]):
            raise TooManyLogins("Too many log-ins.", retry_after=retry_after(wait))
        # Also asks django-axes, which locks out whoever guesses.
        user = authenticate(http, **credentials)
        if not isinstance(user, User) or not user.is_staff:
            # The same words for both: nobody learns which names there are.
            raise NotLoggedIn("This user name and password do not match.", code="bad_credentials")
        del http.session  # whoever hears of the log-in would make one, and nobody would ever send it
        with write_transaction():
            user_logged_in.send(User, request=http, user=user)
            return Response(create_token_pair(user))


class TokenRefreshView(PublicView):
    """A refresh token for a new pair; it is good once."""

    @extend_schema(
        operation_id="refresh",
        summary="A new pair of tokens",
        request=RefreshSerializer,
        responses=TokenPairSerializer,
        auth=[],
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        return Response(refresh_token_pair(self.validated_body(RefreshSerializer)["refresh"]))


class LogoutView(PublicView):
    """Ends the log-in that a refresh token belongs to."""

    @extend_schema(
        operation_id="logout",
        summary="End this log-in: the refresh token and all access tokens that came of it",
        request=RefreshSerializer,
        responses={204: OpenApiResponse(description="They are good for nothing any more.")},
        auth=[],
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        end_login(self.validated_body(RefreshSerializer)["refresh"])
        return Response(status=204)
