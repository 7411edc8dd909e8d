"""Serve pages, API and websockets; in embedded mode answer messages in the same process too."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.database_schema import refuse_newer
from assistant.embedded import EmbeddedWorker
from assistant.lib.database import DATABASE_AWAY


class Command(BaseCommand):
    help = "Serve the assistant."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        port = _usable_port(host, port)
        with suppress(*DATABASE_AWAY):  # pages say so, and messages come in as soon as it is back
            refuse_newer()
        from assistant.serving.server import make_server  # here, for it loads the whole project

        running = make_server(host, port, self._announce)
        self._worker = EmbeddedWorker() if settings.EMBEDDED else None
        self._url = f"http://{host}:{port}"
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        running.run()

    def _announce(self) -> None:
        self.stdout.write(f"Frontdesk listens on {self._url}")
        self.stdout.write(f"  chat        {self._url}/")
        self.stdout.write(f"  staff site  {self._url}/admin/  ({_login_hint()})")
        self.stdout.write(f"  REST        {self._url}/webhooks/rest/webhook")
        self.stdout.flush()
        if self._worker:
            self._worker.start()

    def _stop(self, *_: Any) -> None:
        """End within seconds, whatever hangs: every message is in the database already."""

        def end() -> None:
            began = time.monotonic()
            if self._worker:
                self._worker.stop()
            self.stdout.write(f"Stopped ({time.monotonic() - began:.1f} s).")
            self.stdout.flush()
            logging.shutdown()
            os._exit(0)

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        # On a thread of its own: the signal may have come while a lock was held that this needs.
        threading.Thread(target=end, name="stop").start()


def _login_hint() -> str:
    path = settings.VAR_DIR / "admin-password"
    where = os.path.relpath(path) if path.exists() else "DJANGO_SUPERUSER_PASSWORD"
    return f"log in as {settings.DJANGO_SUPERUSER_USERNAME}, password in {where}"


def _usable_port(host: str, port: int) -> int:
    """The same, or a free one for 0. Raises CommandError where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"{host}:{port} can't be used: {error.strerror}. Choose another: PORT=8001") from None
        return int(probe.getsockname()[1])
