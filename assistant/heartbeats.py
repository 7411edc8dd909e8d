"""Processes say that they are alive, in the database: health and metrics are read from there."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from django.db import Error, connection
from django.db.models.functions import Now

from assistant.lib.database import write_transaction
from assistant.models import Heartbeat

log = logging.getLogger("frontdesk.heartbeats")
EVERY = 5.0  # seconds
DEAD_AFTER = timedelta(seconds=15)
DELETED_AFTER = timedelta(hours=1)
_UPSERT = """
INSERT INTO assistant_heartbeat (kind, process, seen) VALUES (%s, %s, {now})
ON CONFLICT (kind, process) DO UPDATE SET seen = {now}
"""
_NOW = {"postgresql": "STATEMENT_TIMESTAMP()", "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"}


def beat(*kinds: str) -> None:
    """One heartbeat of this process, for each of what it does. In the caller's transaction."""
    process = f"{socket.gethostname()[:80]}:{os.getpid()}"
    text = _UPSERT.format(now=_NOW[connection.vendor])
    with connection.cursor() as cursor:
        for kind in kinds:
            cursor.execute(text, [kind, process])


def keep_beating(kinds: Sequence[str]) -> None:
    """Send heartbeats from now on, on a thread of its own."""

    def beat_forever() -> None:
        while True:
            try:
                with write_transaction():
                    beat(*kinds)
                Heartbeat.objects.filter(seen__lt=Now() - DELETED_AFTER).delete()
            except Error as error:
                log.warning("no heartbeat: %s", type(error).__name__)
            time.sleep(EVERY)

    threading.Thread(target=beat_forever, name="heartbeat", daemon=True).start()


def alive() -> dict[str, int]:
    """How many processes of each kind are."""
    rows = Heartbeat.objects.filter(seen__gt=Now() - DEAD_AFTER, seen__lt=Now() + DEAD_AFTER)
    counts = dict.fromkeys(Heartbeat.Kind.values, 0)
    for kind in rows.values_list("kind", flat=True):
        counts[kind] += 1
    return counts
