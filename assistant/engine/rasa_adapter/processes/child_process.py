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
from contextlib import contextmanager
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
TELL_EVERY = 0.9
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
        watch = Supervisor(process, child, on_progress or _ignore, limits)
        try:
            return watch.result()
        finally:
            watch.end()


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


def _ignore(progress: Progress) -> None:
    """Nobody looks."""


@contextmanager
def _started(child: ChildProcess) -> Iterator[subprocess.Popen[str]]:
    network = "online" if settings.OUTSIDE_COMPONENTS else "offline"
    bounds = [str(os.getpid()), str(child.writable_folder), str(settings.EMBEDDINGS_DIR), network]
    what = [",".join(child.modules), *child.arguments]
    command = [sys.executable, "-I", "-c", START, str(ROOT), *bounds, *what]
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
        start_new_session=True,
    ) as process:
        yield process


class ChildLog:
    """The lines of a child's standard error that are not told yet, as staff may see them."""

    def __init__(self, folder: Path) -> None:
        places = (folder, folder.parent, ROOT, sys.prefix, sys.base_prefix)
        self._hidden = [f"{place}{os.sep}" for place in places]
        self._lock, self._lines, self._room = threading.Lock(), list[str](), LONGEST_LOG

    def add(self, line: str) -> None:
        line = COLOURS.sub("", line)
        for place in self._hidden:
            line = line.replace(place, "")
        line = line.rstrip()[:LONGEST_LINE]
        if NOISE.search(line) or self._room <= 0:
            return
        with self._lock:
            self._room -= len(line) + 1
            self._lines.append(line if self._room > 0 else "(The log is longer; the rest is left out.)")

    def taken(self) -> str:
        with self._lock:
            lines, self._lines = self._lines, []
        return "".join(f"{line}\n" for line in lines)


class Supervisor:
    def __init__(self, process: subprocess.Popen[str], child: ChildProcess, tell: OnProgress, limits: Limits) -> None:
        self._process, self._child, self._tell, self._limits = process, child, tell, limits
        self._tree = psutil.Process(process.pid)
        self._log, self._messages = ChildLog(child.folder), SimpleQueue[Json | None]()
        self._started = self._told = monotonic()
        self._memory = self._done = self._total = 0
        self._now = "loading the engine"
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_messages, self._read_log)]
        for reader in self._readers:
            reader.start()

    def result(self) -> tuple[Json, int]:
        while (message := self._next()) is not None:
            self._look()
            if "result" in message or "error" in message:
                return self._last_word(message), self._memory
            self._note(message)
        raise self._child.failure(self._why_it_ended())

    def end(self) -> None:
        """The child and all that it started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join()

    def _next(self) -> Json | None:
        """None: the child said nothing more and is gone. Empty: it says nothing just now."""
        try:
            return self._messages.get(timeout=LOOK_EVERY)
        except Empty:
            return {}

    def _look(self) -> None:
        self._memory = max(self._memory, self._memory_now())
        if self._memory > self._limits.memory:
            most = self._limits.memory / GIGABYTE
            self._stop(f"needed more than {most:.1f} GB of memory")
        if monotonic() - self._started > self._limits.seconds:
            self._stop(f"took more than {_duration(self._limits.seconds)}")

    def _memory_now(self) -> int:
        try:
            return sum(each.memory_info().rss for each in (self._tree, *self._tree.children(recursive=True)))
        except psutil.Error:  # it has just ended
            return 0

    def _stop(self, reason: str) -> None:
        self._tell_rest()
        raise self._child.failure(f"{self._child.subject} {reason} and was stopped{self._while()}.")

    def _note(self, message: Json) -> None:
        self._now = message.get("now", self._now)
        if "component" in message:
            self._done, self._total, self._now = message["done"], message["total"], ""
        if message or monotonic() - self._told > TELL_EVERY:
            self._tell_now(message.get("component", ""), message.get("seconds", 0.0))

    def _tell_now(self, component: str = "", seconds: float = 0.0) -> None:
        self._told = monotonic()
        log = self._log.taken()
        self._tell(Progress(component, self._done, self._total, seconds, self._now, self._memory, log))

    def _tell_rest(self) -> None:
        """The end of the log. The child has nothing more to say, or no leave to."""
        self.end()
        self._tell_now()

    def _last_word(self, message: Json) -> Json:
        self._memory, self._now = max(self._memory, message.get("memory", 0)), ""
        self._tell_rest()
        if "error" in message:
            raise self._child.failure(message["error"])
        result: Json = message["result"]
        return result

    def _why_it_ended(self) -> str:
        self._process.wait()
        self._tell_rest()
        code = self._process.returncode
        if code == -signal.SIGKILL:
            return f"{self._child.subject} was killed{self._while()}: the machine may have run out of memory."
        return f"{self._child.subject} stopped before its end{self._while()} (exit code {code})."

    def _while(self) -> str:
        if not self._now:
            return ""
        return f" while it was {self._now}" if self._now[0].islower() else f" while it trained {self._now}"

    def _read_messages(self) -> None:
        for line in self._process.stdout or ():
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def _read_log(self) -> None:
        for line in self._process.stderr or ():
            self._log.add(line)


def _duration(seconds: float) -> str:
    number, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{number:g} {unit}" if number == 1 else f"{number:g} {unit}s"
