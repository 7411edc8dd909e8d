"""Embedded mode: the Celery worker and beat as threads inside the web server. No service to install."""

from __future__ import annotations

import logging
import sys
import threading
import time

from celery.app.trace import setup_worker_optimizations
from celery.beat import Service
from celery.worker import WorkController
from django.conf import settings

from assistant.celery import app
from assistant.heartbeats import keep_beating
from training.services import warm_up_live_models

log = logging.getLogger("frontdesk.embedded")
HOSTNAME = "embedded"
SWITCH_EVERY = 0.001  # seconds; with Python's 5 ms each statement of a turn waits that long for a thread that computes


class EmbeddedWorker:
    """Worker and beat: start them once the server listens, stop them before the process ends."""

    def __init__(self) -> None:
        self._worker: WorkController | None = None
        self._beat = Service(app, max_interval=1)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Returns at once; a model that is live is loaded before the first turn."""
        sys.setswitchinterval(SWITCH_EVERY)
        threading.Thread(target=self._work, name="worker", daemon=True).start()
        beat = {"embedded_process": False}
        threading.Thread(target=self._beat.start, kwargs=beat, name="beat", daemon=True).start()

    def stop(self, seconds: float = 3.0) -> None:
        """Let turns under way end, but no longer than `seconds`: what is left is answered after the next start."""
        self._stopping.set()
        self._beat.stop()
        if self._worker is None:
            return
        stopper = threading.Thread(target=self._worker.stop, name="stopper", daemon=True)
        stopper.start()
        stopper.join(seconds)

    def _work(self) -> None:
        began = time.monotonic()
        warm_up_live_models()
        if self._stopping.is_set():
            return
        log.info("the assistant is ready (%.1f s)", time.monotonic() - began)
        setup_worker_optimizations(app, HOSTNAME)
        self._worker = WorkController(
            app=app,
            hostname=HOSTNAME,
            pool_cls="threads",
            concurrency=settings.CHAT_THREADS + 1,  # one for the job that runs, if any (training/tasks.py)
            queues=["chat", "training"],
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            quiet=True,
        )
        keep_beating(["chat", "training", "beat"])
        self._worker.start()
