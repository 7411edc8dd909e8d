"""Addresses that are not Django views: plain ASGI applications and websockets."""

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from conversations.channels.rest.app import webhook
from conversations.channels.widget.consumers import ChatConsumer
from conversations.consumers.review import ReviewConsumer

_asgi: Any = webhook  # Django's types know views only
http_urlpatterns = [path("webhooks/rest/webhook", _asgi), path("webhooks/rest/webhook/", _asgi)]
# Staff come with a session: only pages of our own hosts may bring it.
_review: Any = AllowedHostsOriginValidator(AuthMiddlewareStack(ReviewConsumer.as_asgi()))
websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi()), path("ws/desk/<uuid:public_id>/", _review)]
