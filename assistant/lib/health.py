"""Is it up, and can it work: for load balancers and whoever waits for a start."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 where the database, and Redis if there is one, answer; 503 and which one does not otherwise."""
    parts = {"database": _database(), **({"redis": _redis()} if settings.REDIS_URL else {})}
    good = all(parts.values())
    return JsonResponse({"status": "ok" if good else "down", "parts": parts}, status=200 if good else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis() -> bool:
    try:
        cache.get("health")
    except Exception:  # whatever a client library raises, it is down
        return False
    return True
