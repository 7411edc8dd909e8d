"""`/api/`: the JSON API, its schema and its manual."""

from __future__ import annotations

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path, re_path

from assistant.lib.api.routing import slash_optional
from assistant.lib.api.schema_views import ManualView, SchemaView
from assistant.lib.api.token_views import LoginView, LogoutView, TokenRefreshView
from assistant.lib.api.views import NotFoundView

# An app that has a part of the API names the module in its AppConfig.
app_urlpatterns = [path("v1/", include(app.api_urls)) for app in apps.get_app_configs() if hasattr(app, "api_urls")]

urlpatterns: list[URLPattern | URLResolver] = [
    slash_optional(
        "api/",
        [
            path("schema/", SchemaView.as_view(), name="api-schema"),
            path("docs/", ManualView.as_view(), name="api-docs"),
            path("v1/auth/login/", LoginView.as_view(), name="api-login"),
            path("v1/auth/refresh/", TokenRefreshView.as_view(), name="api-refresh"),
            path("v1/auth/logout/", LogoutView.as_view(), name="api-logout"),
            *app_urlpatterns,
            re_path("", NotFoundView.as_view()),
        ],
    ),
]
