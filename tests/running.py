"""Frontdesk as real processes, in either mode, to talk to and to kill."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
FAKE = "assistant.engine.fake.FakeEngine"
REAL = "assistant.engine.rasa_adapter.engine.RasaEngine"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], seconds: float = 15, what: str = "it") -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@dataclass
class Running:
    """One installation. `processes` by name: `server`, or `web`, `chat-1`, `chat-2`, `training`, `beat`."""

    folder: Path
    mode: str
    engine: str = FAKE
    workers: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    redis_port: int = 0
    server: str = field(default_factory=lambda: os.environ.get("DATABASE_URL", ""))  # of PostgreSQL

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "BROKER_URL"}}
        ours = {
            "DJANGO_SETTINGS_MODULE": "assistant.settings",
            "VAR_DIR": str(self.folder),
            "ASSISTANT_ENGINE": self.engine,
            "RATE_LIMIT_PUBLIC": "off",
            "RATE_LIMIT_VISITOR": "off",
            "DJANGO_SUPERUSER_PASSWORD": "desk-of-ana",
            "EMBED_IN_BACKGROUND": "false",  # each would build the model's graph anew
            **({"DATABASE_URL": self.database, "REDIS_URL": self.redis} if self.mode == "distributed" else {}),
        }
        return {**kept, **ours, **self.extra}

    # --- life

    def start(self) -> Running:
        self.furnish()
        self.start_processes()
        return self

    def furnish(self) -> None:
        """Migrated and prepared: a copy of what was made once for this engine."""
        from tests.prepared import prepared

        model = prepared(self.mode, self.engine)
        shutil.copytree(model.folder, self.folder, dirs_exist_ok=True)
        if self.mode == "distributed":
            self.make_services(f'TEMPLATE "{model.name}"')

    def start_processes(self) -> None:
        for name in self.names():
            self.start_process(name)
        self.wait_until_up()

    def names(self) -> list[str]:
        if self.mode == "embedded":
            return ["server"]
        return ["web", *(f"chat-{n}" for n in range(1, self.workers + 1)), "training", "beat"]

    def start_process(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._command(name), cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def _command(self, name: str) -> list[str]:
        celery = [sys.executable, "-m", "celery", "-A", "assistant", "-q"]
        if name.startswith("chat"):
            return [*celery, "worker", "-Q", "chat", "-P", "threads", "-c", "4", "-n", f"{name}@test", *QUIET_WORKER]
        if name == "training":
            return [*celery, "worker", "-Q", name, "-P", "threads", "-c", "1", "-n", f"{name}@test", *QUIET_WORKER]
        if name == "beat":
            return [*celery, "beat", "-s", str(self.folder / "beat"), "--max-interval", "1"]
        return [sys.executable, "manage.py", "serve", "--port", str(self.port)]

    def wait_until_up(self, seconds: float = 40) -> None:
        until(lambda: self._status("/health/ready") == 200, seconds, f"the server of {self.folder}")

    def kill(self, name: str) -> None:
        """kill -9, with everything it started."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        if self.redis_port:
            self.stop_redis()
        if self.mode == "distributed":
            self.drop_database()

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    # --- the services of the distributed form

    @property
    def name(self) -> str:
        """Of its database. Two workers, and two runs of the tests at once, have folders of their own."""
        place = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return re.sub(r"\W", "_", f"fd_{self.folder.name}_{place}").lower()

    @property
    def database(self) -> str:
        return urlsplit(self.server)._replace(path=f"/{self.name}").geturl()

    @property
    def sqlite(self) -> Path:
        return self.folder / "frontdesk.sqlite3"

    @property
    def redis(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def read(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database says, read past the product."""
        if self.mode == "embedded":
            with sqlite3.connect(self.sqlite, timeout=20) as connection:
                return connection.execute(statement).fetchall()
        with psycopg2.connect(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def make_services(self, after: str = "") -> None:
        self.make_database(after)
        self.redis_port = free_port()
        self.start_redis()

    def make_database(self, after: str = "") -> None:
        self.drop_database()
        self._sql(f'CREATE DATABASE "{self.name}" {after}')

    def drop_database(self) -> None:
        self._sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _sql(self, statement: str) -> None:
        connection = psycopg2.connect(urlsplit(self.server)._replace(path="/postgres").geturl())
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def start_redis(self) -> None:
        """A server of its own, so that a test may restart and flush it."""
        command = ["redis-server", "--port", str(self.redis_port), "--save", "", "--appendonly", "no"]
        self._redis = subprocess.Popen([*command, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
        until(lambda: socket.socket().connect_ex(("127.0.0.1", self.redis_port)) == 0, what="Redis")

    def stop_redis(self) -> None:
        self._redis.kill()
        self._redis.wait()

    # --- talking to it

    def manage(self, *words: str, timeout: float = 120) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def post(self, sender: str, text: str, key: str | None = None, timeout: float = 25) -> tuple[int, Any]:
        """One message over the REST channel: status and body. Status 0: the connection broke."""
        body = json.dumps({"sender": sender, "message": text}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or uuid.uuid4().hex}
        request = urllib.request.Request(f"{self.url}/webhooks/rest/webhook", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, None

    def post_until_answered(self, sender: str, text: str, seconds: float = 60) -> list[str]:
        """As a patient client does: the same message with the same key until there is an answer."""
        key, end = uuid.uuid4().hex, time.monotonic() + seconds
        while time.monotonic() < end:
            status, replies = self.post(sender, text, key)
            if status == 200:
                return [reply["text"] for reply in replies]
            time.sleep(0.2)
        raise AssertionError(f"no answer to {text!r} within {seconds} s")

    def _status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as response:
                return int(response.status)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0


QUIET_WORKER = ["--without-heartbeat", "--without-mingle", "--without-gossip"]
