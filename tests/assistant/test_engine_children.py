"""What happens to a child process that trains: it is watched, kept within limits, and outlives nobody."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import gettempdir

import psutil
import pytest
from pytest_django.fixtures import Settings

from assistant.engine import Archive, Bundle, Cancelled, Limits, OnProgress, Progress, TrainingFailed, sandbox
from assistant.engine.rasa_adapter.processes import child_process, parent
from assistant.engine.types import LIMITS
from tests.running import ROOT

PARENT = """
import sys
from pathlib import Path
from assistant.engine import Bundle
from assistant.engine.rasa_adapter.processes import parent
parent.TRAIN = "tests.assistant.engine_child"
bundle, pids = Bundle({"config.yml": "", "data/orders.json": sys.argv[1]}), Path(sys.argv[2]) / "pids"
parent.train(bundle, Path(sys.argv[2]), "sample", lambda progress: pids.write_text(progress.now))
"""


@pytest.fixture(autouse=True)
def _other_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "TRAIN", "tests.assistant.engine_child")


def _train(
    folder: Path, report_progress: OnProgress | None = None, limits: Limits = LIMITS, **orders: object
) -> Archive:
    bundle = Bundle({"config.yml": "", "data/orders.json": json.dumps(orders)})
    return parent.train(bundle, folder / "models", "sample", report_progress, limits)


@pytest.mark.clock
def test_it_tells_what_the_child_does_at_least_once_a_second(tmp_path: Path) -> None:
    reports: list[tuple[float, Progress]] = []
    archive = _train(tmp_path, lambda each: reports.append((time.monotonic(), each)), say={"now": "Sleeper"}, sleep=2.5)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(reports)]
    assert max(gaps) < 1.2
    assert {each.now for _, each in reports} >= {"Sleeper"}
    assert 1_000_000 < max(each.memory for _, each in reports) <= archive.memory


def test_it_tells_staff_what_the_child_logs(tmp_path: Path) -> None:
    lines = ["Warning: HERE/data/nlu.yml is odd", "\x1b[93mYellow\x1b[0m", "", "TF-TRT Warning: no TensorRT"]
    log = _log_of(tmp_path, write=lines)
    assert log == "Warning: data/nlu.yml is odd\nYellow\n"


def test_it_cuts_a_log_without_end(tmp_path: Path) -> None:
    log = _log_of(tmp_path, write=["a" * 5_000] * 200)
    assert len(log) < child_process.LONGEST_LOG + child_process.LONGEST_LINE
    assert log.endswith("the rest is left out.)\n")


def test_it_stops_what_takes_too_much_memory(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed) as failure:
        _train(tmp_path, limits=Limits(memory=200 * 1024**2), say={"now": "HungryClassifier"}, take=400)
    assert failure.value.message == (
        "The training needed more than 0.2 GB of memory and was stopped while it trained HungryClassifier."
    )
    assert not (tmp_path / "models").exists()


def test_it_stops_what_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="took more than 1 second and was stopped while it was loading the engine"):
        _train(tmp_path, limits=Limits(seconds=1), sleep=30)


def test_it_says_that_the_child_was_killed(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="was killed while it trained X: the machine may have run out of memory"):
        _train(tmp_path, say={"now": "X"}, die=9)


def test_it_says_that_the_child_broke_down(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"before its end while it was loading the engine \(exit code -6\)"):
        _train(tmp_path, die=int(signal.SIGABRT))


def test_it_leaves_nothing_where_nobody_wants_it_any_more(tmp_path: Path) -> None:
    pids = list[str]()

    def cancel(progress: Progress) -> None:
        pids.extend(pid for pid in progress.now.split() if pid.isdigit())
        if pids:
            raise Cancelled("Not any more.")

    with pytest.raises(Cancelled):
        _train(tmp_path, cancel, tell_pids=None, sleep=30)
    assert len(pids) == 2
    assert not any(_lives(int(pid)) for pid in pids)
    assert not list(tmp_path.iterdir())
    assert not list(Path(gettempdir()).glob(f"frontdesk-training-{os.getpid()}-*"))


@pytest.mark.skipif(bool(sandbox.lacking()), reason=f"needs Linux with Landlock and seccomp: {sandbox.lacking()}")
def test_it_gives_foreign_code_in_it_nothing(tmp_path: Path, settings: Settings) -> None:
    """It reads the interpreter and our code, writes in its own folder, and reaches no host and no other process."""
    key, database = settings.VAR_DIR / "secret-key", tmp_path / "frontdesk.sqlite3"
    key.touch()
    database.touch()
    with socket.create_server(("127.0.0.1", 0)) as tcp, _unix(str(tmp_path / ".s.PGSQL.5432")), _unix("\0desk"):
        attacks = {
            **{f"read-{path}": str(path) for path in (key, database, f"/proc/{os.getpid()}/environ", "/etc/passwd")},
            **{f"read-{path}": str(path) for path in ("/etc/shadow", Path.home() / ".ssh", ROOT / ".git" / "config")},
            **{f"list-{path}": str(path) for path in ("/", "/tmp", settings.VAR_DIR, tmp_path)},
            **{f"write-{path}": str(path) for path in (tmp_path / "new", database)},
            **{"rename-database": str(database), "link-database": str(database)},
            **{"tcp-host": tcp.getsockname(), "udp-host": tcp.getsockname(), "unix-abstract": "\0desk"},
            **{"unix-path": str(tmp_path / ".s.PGSQL.5432"), "reconnect-path": str(tmp_path / ".s.PGSQL.5432")},
            **{"signal-parent": os.getpid(), "limit-parent": os.getpid()},
            **{"write-own": "data/own", "read-own": "data/own", "asyncio-own": None},
            **{"read-code": child_process.__file__, "read-python": os.__file__, "write-null": "/dev/null"},
        }
        reports = list[Progress]()
        _train(tmp_path, reports.append, attack=attacks)
    gotten = next(each.now for each in reports if "read-own" in each.now or each.now == "nothing")
    assert gotten.split() == ["write-own", "read-own", "asyncio-own", "read-code", "read-python", "write-null"]


@contextmanager
def _unix(address: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if "PGSQL" in address else socket.SOCK_STREAM) as server:
        server.bind(address)
        if "PGSQL" not in address:
            server.listen()
        yield


@pytest.mark.processes
@pytest.mark.modes("embedded")
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    orders = json.dumps({"tell_pids": None, "sleep": 60})
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "VAR_DIR": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, orders, str(tmp_path)], cwd=ROOT, env=environment)
    _until(lambda: pids.exists() and pids.read_text().replace(" ", "").isdigit(), 20)
    parent.kill()
    parent.wait()
    child = int(pids.read_text().split()[0])
    _until(lambda: not _lives(child), 3)
    os.killpg(child, signal.SIGKILL)  # what it had started itself
    left = f"frontdesk-training-{parent.pid}-*"
    assert list(Path(gettempdir()).glob(left))
    with child_process.working_folder("training"):
        assert not list(Path(gettempdir()).glob(left))


def _log_of(folder: Path, **orders: object) -> str:
    reports: list[Progress] = []
    _train(folder, reports.append, **orders)
    return "".join(each.log for each in reports)


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _until(happened: object, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
