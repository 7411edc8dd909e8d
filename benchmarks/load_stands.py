"""What is put under load, as real processes: `rasa run`, and Frontdesk in either mode."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg2
import yaml

from benchmarks.load_models import KEY, Workshop
from tests.running import Running, free_port, until

RASA = str(Path(sys.executable).parent / "rasa")
_QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "LOG_LEVEL": "ERROR",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}

# All visitors of a load come from one address.
NO_LIMITS = dict.fromkeys(("CONNECTIONS_PER_ADDRESS", "RATE_LIMIT_FRAMES", "RATE_LIMIT_SOCKETS"), "off")


class Stand(Protocol):
    ports: list[int]

    def up(self, workshop: Workshop) -> None: ...

    def check(self) -> None:
        """Raises AssertionError where what it answered is worth nothing."""

    def down(self) -> None: ...

    def pids(self) -> dict[str, list[int]]:
        """By role."""

    def logs(self) -> str: ...


@dataclass
class Frontdesk(Running):
    """`webs` and `workers` processes of the distributed form, each worker with `threads`."""

    webs: int = 1
    threads: int = 8
    ports: list[int] = field(default_factory=list)

    def up(self, workshop: Workshop) -> None:
        self.folder.mkdir(parents=True)
        self.extra |= KEY | NO_LIMITS
        self.ports = [self.port, *(free_port() for _ in range(self.webs - 1))]
        if self.mode == "distributed":
            self.make_services()
        self.manage("migrate", "--verbosity", "0")
        workshop.install(self)
        self.start_processes()
        until(lambda: self.post("warm", "hi")[0] == 200, 90, f"the first answer in {self.folder}")
        self.check()

    def check(self) -> None:
        """That the bot itself answered: its apology for a turn that failed looks like any other answer."""
        failed = self.read("SELECT count(*) FROM conversations_message WHERE status = 'failed'")[0][0]
        assert not failed, f"{failed} turns failed\n{self.logs()[-4000:]}"

    def down(self) -> None:
        self.stop()

    def names(self) -> list[str]:
        if self.mode == "embedded":
            return super().names()
        return [*(f"web-{n}" for n in range(2, self.webs + 1)), *super().names()]

    def pids(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name, process in self.processes.items():
            found.setdefault(name.split("-")[0], []).append(process.pid)
        if self.mode == "distributed":
            found |= {"redis": [self._redis.pid], "postgresql": backends(self.name)}
        return found

    def _command(self, name: str) -> list[str]:
        if name.startswith("web-"):
            return [sys.executable, "manage.py", "serve", "--port", str(self.ports[int(name[4:]) - 1])]
        command = super()._command(name)
        if name.startswith("chat"):
            command[command.index("-c") + 1] = str(self.threads)
        return command


@dataclass
class RasaRun:
    """`rasa run` with its SQL tracker store on `store`: sqlite or postgresql."""

    folder: Path
    store: str
    ports: list[int] = field(default_factory=lambda: [free_port()])

    def up(self, workshop: Workshop) -> None:
        self.folder.mkdir(parents=True)
        if self.store == "postgresql":
            make_database(self._name)
        (self.folder / "credentials.yml").write_text("rest:\n")
        (self.folder / "endpoints.yml").write_text(yaml.safe_dump({"tracker_store": self._tracker_store()}))
        files = ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml", "-m", str(workshop.archive)]
        with (self.folder / "rasa.log").open("wb") as log:
            self._process = subprocess.Popen(
                [RASA, "run", "-i", "127.0.0.1", "-p", str(self.ports[0]), *files],
                cwd=self.folder,
                env={**os.environ, **_QUIET},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers, 120, "rasa run")

    def check(self) -> None:
        """The visitors have seen to it: it answers nothing where it fails."""

    def down(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self.store == "postgresql":
            drop_database(self._name)

    def pids(self) -> dict[str, list[int]]:
        database = {"postgresql": backends(self._name)} if self.store == "postgresql" else {}
        return {"rasa": [self._process.pid], **database}

    def logs(self) -> str:
        return (self.folder / "rasa.log").read_text()

    @property
    def _name(self) -> str:
        return f"load_rasa_{self.ports[0]}"

    def _tracker_store(self) -> dict[str, object]:
        if self.store == "sqlite":
            return {"type": "SQL", "dialect": "sqlite", "db": str(self.folder / "tracker.db")}
        server = urlsplit(os.environ["DATABASE_URL"])
        login = {"username": server.username, "password": server.password or ""}
        place = {"url": server.hostname, "port": server.port or 5432, "db": self._name}
        return {"type": "SQL", "dialect": "postgresql", **place, **login}

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}/", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def backends(database: str) -> list[int]:
    """The PostgreSQL processes that serve this database."""
    rows = _sql("SELECT pid FROM pg_stat_activity WHERE datname = %s", database)
    return [int(row[0]) for row in rows]


def make_database(name: str) -> None:
    drop_database(name)
    _sql(f'CREATE DATABASE "{name}"')


def drop_database(name: str) -> None:
    _sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _sql(statement: str, *values: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl())
    connection.autocommit = True
    try:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
