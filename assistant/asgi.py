"""HTTP and websockets of one web process."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")
http: Any = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from assistant.lib.asgi import (  # noqa: E402
    ClientMiddleware,
    PageQueue,
    unknown_websocket,
)
from conversations.routing import http_urlpatterns, websocket_urlpatterns  # noqa: E402

pages: Any = PageQueue(http)
unknown: Any = unknown_websocket
sockets = URLRouter([*websocket_urlpatterns, re_path("", unknown)])
application = ClientMiddleware(
    ProtocolTypeRouter(
        {
            "http": URLRouter([*http_urlpatterns, re_path("", pages)]),
            "websocket": OriginValidator(sockets, settings.WEBSOCKET_ORIGINS),
        }
    )
)
