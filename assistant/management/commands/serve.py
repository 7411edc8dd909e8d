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
from assistant.embedded import Embedded
from assistant.lib.database import DATABASE_AWAY


class Command(BaseCommand):
    help = "Serve the assistant."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        port = port or _free_port(host)
        _check_free(host, port)
        with suppress(*DATABASE_AWAY):  # pages say so, and messages come in as soon as it is back
            refuse_newer()
        from assistant.serving.server import make_server  # it loads the whole house, which other commands need not

        running = make_server(host, port, self._ready)
        self._embedded = Embedded() if settings.EMBEDDED else None
        self._url = f"http://{host}:{port}"
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        running.run()

    def _ready(self) -> None:
        self.stdout.write(f"Frontdesk listens on {self._url}")
        self.stdout.write(f"  chat        {self._url}/")
        self.stdout.write(f"  staff site  {self._url}/admin/  ({_login()})")
        self.stdout.write(f"  REST        {self._url}/webhooks/rest/webhook")
        self.stdout.flush()
        if self._embedded:
            self._embedded.start()

    def _stop(self, *_: Any) -> None:
        """End within seconds, whatever hangs: every message is in the database already."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)
        threading.Thread(target=self._leave, name="leave").start()

    def _leave(self) -> None:
        began = time.monotonic()
        if self._embedded:
            self._embedded.stop()
        self.stdout.write(f"Stopped ({time.monotonic() - began:.1f} s).")
        self.stdout.flush()
        logging.shutdown()
        os._exit(0)


def _login() -> str:
    path = settings.VAR_DIR / "admin-password"
    where = os.path.relpath(path) if path.exists() else "DJANGO_SUPERUSER_PASSWORD"
    return f"log in as {settings.DJANGO_SUPERUSER_USERNAME}, password in {where}"


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"{host}:{port} can't be used: {error.strerror}. Choose another: PORT=8001") from None


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
