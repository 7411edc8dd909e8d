from django.contrib import admin
from django.urls import include, path

from assistant import health
from assistant.api_urls import urlpatterns as api_urlpatterns
from assistant.metrics import metrics

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    path("", include("conversations.urls")),
    *api_urlpatterns,
]
