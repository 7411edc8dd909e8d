"""Health checks: whether this process is up and can work, for load balancers and operators."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache

import redis
from django.conf import settings
from django.db import Error, OperationalError, connection, transaction
from django.http import HttpRequest, JsonResponse

from assistant import database_schema, heartbeats
from assistant.models import Heartbeat

FRESH_FOR = 2.0  # seconds that an examination is good for: asking more often costs nothing
MIN_FREE_BYTES = 50_000_000
SQLITE_BUSY_TIMEOUT = 2_000  # milliseconds; somebody who writes for long is no reason to wait as a message would


@dataclass(frozen=True)
class Health:
    """What an examination found."""

    can_store: bool  # a message
    parts: dict[str, bool]  # by name, whether it works
    problems: dict[str, str] = field(default_factory=dict)  # by part, why it does not
    alive: dict[str, int] = field(default_factory=dict)  # by kind, how many processes

    @property
    def status(self) -> str:
        """`ok`, `degraded` or `down`."""
        if not self.can_store:
            return "down"
        return "ok" if all(self.parts.values()) else "degraded"


def live(request: HttpRequest) -> JsonResponse:
    """Whether the process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """503 where this process can't store a message. 200 otherwise: `degraded` where something else is amiss, which the
    loss of this process from a load balancer would only make worse."""
    health = current_health()
    answer = {"status": health.status, "parts": health.parts, "problems": health.problems}
    return JsonResponse(answer, status=200 if health.can_store else 503)


def current_health() -> Health:
    """How it is now, or was a moment ago."""
    return _latest.get()


class LatestHealth:
    """The last examination. Whoever asks while one is made waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at, self._health = -FRESH_FOR, Health(False, {})

    def get(self) -> Health:
        """Made anew where it is older than FRESH_FOR."""
        with self._lock:
            if time.monotonic() - self._at >= FRESH_FOR:
                self._health, self._at = _examine(), time.monotonic()
            return self._health


_latest = LatestHealth()


def _examine() -> Health:
    problems = _problems_of_the_database()
    can_store = not problems
    alive = heartbeats.alive() if can_store else {}
    for kind in (Heartbeat.Kind.CHAT, Heartbeat.Kind.TRAINING, Heartbeat.Kind.BEAT):
        if can_store and not alive[kind]:
            problems[kind] = "None was heard of in the last 15 seconds."
    if shutil.disk_usage(settings.VAR_DIR).free < MIN_FREE_BYTES:
        problems["disk"] = "The disk of VAR_DIR is full, or nearly so."
    if settings.REDIS_URL and not _redis_answers():
        problems["redis"] = "It does not answer: answers come a few seconds late."
    names = ["database", "schema", "disk", *(["redis"] if settings.REDIS_URL else [])]
    names += [Heartbeat.Kind.CHAT, Heartbeat.Kind.TRAINING, Heartbeat.Kind.BEAT] if can_store else []
    return Health(can_store, {str(name): name not in problems for name in names}, problems, alive)


def _problems_of_the_database() -> dict[str, str]:
    """What keeps a message from being stored. A heartbeat is written, as a message would be."""
    try:
        if unknown := database_schema.newer():
            return {"schema": f"A newer version has changed the database: {unknown[-1]}."}
        if waiting := database_schema.missing():
            return {"schema": f"Migrations wait to be applied, the first is {waiting[0]}. Run manage.py migrate."}
        _write_heartbeat()
    except OperationalError as error:
        full = "full" in str(error) or "No space" in str(error)
        return {"database": "Its disk is full." if full else "It does not answer, or can't be written."}
    except Error:
        return {"database": "It does not answer, or can't be written."}
    return {}


def _write_heartbeat() -> None:
    if not settings.SQLITE:
        heartbeats.beat(Heartbeat.Kind.WEB)
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        [timeout] = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT}")
        try:
            with transaction.atomic():
                heartbeats.beat(Heartbeat.Kind.WEB)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {timeout}")


def _redis_answers() -> bool:
    try:
        return bool(_redis().ping())
    except redis.RedisError:
        return False


@lru_cache(maxsize=1)
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
