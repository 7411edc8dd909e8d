"""A PostgreSQL server of a test's own, to restart."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.running import free_port


class Cluster:
    """`url` opens its first database. The test is skipped where a server's programs are not installed."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
        initdb = str(found[-1]) if found else shutil.which("initdb")
        if initdb is None:
            pytest.skip("no PostgreSQL server is installed to restart: apt-get install postgresql")
        self._programs, self.port = Path(initdb).parent, free_port()
        self._user = "postgres" if os.getuid() == 0 else None  # the server refuses to run as root
        self._folder = Path(tempfile.mkdtemp(prefix="frontdesk-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "--auth", "trust", "--username", "postgres", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c fsync=off -c max_connections=300"
        self._run("pg_ctl", "--wait", "--log", str(self._folder / "log"), "--options", options, "start")

    def stop(self, mode: str) -> None:
        """`fast` ends all sessions, `immediate` is a crash."""
        self._run("pg_ctl", "--wait", "--mode", mode, "stop")

    def take_over(self, source: str, target: str) -> None:
        """What is in the database at the URL `source`, into the empty one at `target`."""
        dump = subprocess.run([self._programs / "pg_dump", source], check=True, capture_output=True).stdout
        command = [self._programs / "psql", "--quiet", "--output", os.devnull, target]
        subprocess.run(command, check=True, input=dump)

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._folder)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._folder), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=self._user, cwd=self._folder)
