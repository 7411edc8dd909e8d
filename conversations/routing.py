"""Doors that are not Django views: plain ASGI applications and websockets."""

from typing import Any

from django.urls import path

from conversations.channels.rest.app import webhook
from conversations.channels.widget.consumers import ChatConsumer

_asgi: Any = webhook  # Django's types know views only
http_urlpatterns = [path("webhooks/rest/webhook", _asgi), path("webhooks/rest/webhook/", _asgi)]
websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi())]
