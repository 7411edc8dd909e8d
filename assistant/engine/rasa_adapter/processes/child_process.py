"""Child processes: Rasa leaves with SystemExit on bad data, leaks, and reseeds the process it runs in.

A child says what it does in JSON lines on its standard output: `{"now"}` is a component or, in small letters, what else
it is doing; `{"component", "done", "total", "seconds"}` stands for each step that ended; at last come `{"result"}` or
`{"error"}`. Its standard error is a log for staff. Nothing here imports Rasa.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory, gettempdir
from time import monotonic

import psutil
from django.conf import settings

from assistant.engine.errors import EngineError, TrainingFailed
from assistant.engine.types import Json, Limits, OnProgress, Progress

# The child works in the project's folder, but imports nothing from there: -I keeps it off the path.
START = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
from assistant.engine.rasa_adapter.processes import confinement
confinement.confine(int(sys.argv.pop(1)), sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1) == "online")
for module in sys.argv.pop(1).split(","):
    runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
ROOT = Path(__file__).resolve().parents[4]
LOOK_EVERY = 0.2  # seconds
REPORT_EVERY = 0.9
LONGEST_LOG = 200_000  # characters
LONGEST_LINE = 2_000
GIGABYTE = 1024**3
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What TensorFlow says of the machine.
NOISE = re.compile(
    r"\bcuda\b|\btensorrt\b|TF-TRT|cpu_feature_guard|oneDNN|rebuild TensorFlow|^\s*\^*\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class ChildProcess:
    """What a child is started for: `modules`, programs that it runs one after the other. It starts in `folder`, and has
    nothing but `writable_folder` to write in. `subject` begins the sentence that says why it was stopped."""

    modules: Sequence[str]
    arguments: Sequence[str]
    writable_folder: Path
    folder: Path
    environment: Mapping[str, str]
    subject: str = "The training"
    failure: type[EngineError] = TrainingFailed


def run(child: ChildProcess, on_progress: OnProgress | None, limits: Limits) -> tuple[Json, int]:
    """The child's result, and what it took at most, in bytes. Raises `child.failure`, and whatever `on_progress`
    raises. No process is left in any case."""
    with _started(child) as process:
        supervisor = Supervisor(process, child, on_progress or (lambda progress: None), limits)
        try:
            return supervisor.result()
        finally:
            supervisor.end()


@contextmanager
def working_folder(kind: str) -> Iterator[Path]:
    """A folder that goes away. Those that killed processes left behind go first."""
    for left in Path(gettempdir()).glob(f"frontdesk-{kind}-*"):
        pid = left.name.split("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=f"frontdesk-{kind}-{os.getpid()}-") as folder:
        (Path(folder) / "tmp").mkdir()
        yield Path(folder)


@contextmanager
def _started(child: ChildProcess) -> Iterator[subprocess.Popen[str]]:
    network = "online" if settings.OUTSIDE_COMPONENTS else "offline"
    bounds = [str(os.getpid()), str(child.writable_folder), str(settings.EMBEDDINGS_DIR), network]
    command = [sys.executable, "-I", "-c", START, str(ROOT), *bounds, ",".join(child.modules), *child.arguments]
    with subprocess.Popen(  # noqa: S603  our own module, by this interpreter
        command,
        cwd=child.folder,
        env=dict(child.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # a group of its own, which can be killed with all that it starts
    ) as process:
        yield process


class ChildLog:
    """The lines of a child's standard error that are not reported yet, as staff may see them."""

    def __init__(self, folder: Path) -> None:
        # Paths of this machine are nobody's business.
        self._hidden = [f"{place}{os.sep}" for place in (folder, folder.parent, ROOT, sys.prefix, sys.base_prefix)]
        self._lock, self._lines, self._room = threading.Lock(), list[str](), LONGEST_LOG

    def add(self, line: str) -> None:
        """Add a line without colours and paths; noise, and what comes after LONGEST_LOG, is left out."""
        line = COLOURS.sub("", line)
        for place in self._hidden:
            line = line.replace(place, "")
        line = line.rstrip()[:LONGEST_LINE]
        if NOISE.search(line) or self._room <= 0:
            return
        with self._lock:
            self._room -= len(line) + 1
            self._lines.append(line if self._room > 0 else "(The log is longer; the rest is left out.)")

    def take(self) -> str:
        """What came since the last call."""
        with self._lock:
            lines, self._lines = self._lines, []
        return "".join(f"{line}\n" for line in lines)


class Supervisor:
    """Reads what a child says, reports its progress, and stops it where it goes beyond its limits."""

    def __init__(
        self, process: subprocess.Popen[str], child: ChildProcess, report_progress: OnProgress, limits: Limits
    ) -> None:
        self._process, self._child, self._report_progress, self._limits = process, child, report_progress, limits
        self._tree = psutil.Process(process.pid)
        self._log, self._messages = ChildLog(child.folder), SimpleQueue[Json | None]()
        self._started = self._reported = monotonic()
        self._memory = self._done = self._total = 0
        self._now = "loading the engine"

        def read_messages() -> None:
            for line in process.stdout or ():
                self._messages.put(json.loads(line))
            self._messages.put(None)

        def read_log() -> None:
            for line in process.stderr or ():
                self._log.add(line)

        # One thread for each stream: a child whose pipe is full would stand still.
        self._readers = [threading.Thread(target=read, daemon=True) for read in (read_messages, read_log)]
        for reader in self._readers:
            reader.start()

    def result(self) -> tuple[Json, int]:
        """The child's result and the most memory it took. Raises `child.failure`, and what `report_progress` raises."""
        while True:
            try:
                message = self._messages.get(timeout=LOOK_EVERY)
            except Empty:  # it says nothing just now
                message = {}
            if message is None:  # it is gone
                raise self._child.failure(self._explain_end())
            self._check_limits()
            if "result" in message or "error" in message:
                self._memory, self._now = max(self._memory, message.get("memory", 0)), ""
                self._report_end()
                if "error" in message:
                    raise self._child.failure(message["error"])
                return message["result"], self._memory
            self._now = message.get("now", self._now)
            if "component" in message:
                self._done, self._total, self._now = message["done"], message["total"], ""
            if message or monotonic() - self._reported > REPORT_EVERY:
                self._report(message.get("component", ""), message.get("seconds", 0.0))

    def end(self) -> None:
        """Kill the child and all that it started, where they have not ended."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join()

    def _check_limits(self) -> None:
        with suppress(psutil.Error):  # it has just ended
            tree = (self._tree, *self._tree.children(recursive=True))
            self._memory = max(self._memory, sum(process.memory_info().rss for process in tree))
        if self._memory > self._limits.memory:
            most = self._limits.memory / GIGABYTE
            self._stop(f"needed more than {most:.1f} GB of memory")
        if monotonic() - self._started > self._limits.seconds:
            self._stop(f"took more than {_duration(self._limits.seconds)}")

    def _stop(self, reason: str) -> None:
        self._report_end()
        raise self._child.failure(f"{self._child.subject} {reason} and was stopped{self._while()}.")

    def _report(self, component: str = "", seconds: float = 0.0) -> None:
        self._reported = monotonic()
        self._report_progress(
            Progress(component, self._done, self._total, seconds, self._now, self._memory, self._log.take())
        )

    def _report_end(self) -> None:
        """With the end of the log. The child has nothing more to say, or no leave to."""
        self.end()
        self._report()

    def _explain_end(self) -> str:
        self._process.wait()
        self._report_end()
        code = self._process.returncode
        if code == -signal.SIGKILL:
            return f"{self._child.subject} was killed{self._while()}: the machine may have run out of memory."
        return f"{self._child.subject} stopped before its end{self._while()} (exit code {code})."

    def _while(self) -> str:
        if not self._now:
            return ""
        return f" while it was {self._now}" if self._now[0].islower() else f" while it trained {self._now}"


def _duration(seconds: float) -> str:
    number, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{number:g} {unit}" if number == 1 else f"{number:g} {unit}s"
