"""`/api/`: the JSON API, its schema and its manual."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from assistant.lib.api.manual import Manual, Schema
from assistant.lib.api.paths import Nowhere, slash_optional
from assistant.lib.api.tokens import Login, Logout, Renew

urlpatterns: list[URLPattern | URLResolver] = [
    slash_optional(
        "api/",
        [
            path("schema/", Schema.as_view(), name="api-schema"),
            path("docs/", Manual.as_view(), name="api-docs"),
            path("v1/auth/login/", Login.as_view(), name="api-login"),
            path("v1/auth/refresh/", Renew.as_view(), name="api-refresh"),
            path("v1/auth/logout/", Logout.as_view(), name="api-logout"),
            path("v1/conversations/", include("conversations.api.urls")),
            path("v1/models/", include("training.api.urls_models")),
            path("v1/training-data/", include("training.api.urls_data")),
            re_path("", Nowhere.as_view()),
        ],
    ),
]
