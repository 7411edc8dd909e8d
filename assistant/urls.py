from django.contrib import admin
from django.urls import include, path

from assistant.api_urls import urlpatterns as api_urlpatterns
from assistant.lib import health

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("", include("conversations.urls")),
    *api_urlpatterns,
]
