"""Training, in a child process: Rasa leaves with SystemExit on bad data, leaks, and reseeds the process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from django.conf import settings

from assistant.engine import archives
from assistant.engine.errors import TrainingFailed
from assistant.engine.rasa_adapter.bundles import check_bundle, write_bundle
from assistant.engine.types import Archive, Bundle, Json, Progress

TRAINER = "assistant.engine.rasa_adapter.trainer"
# The child works in the project's folder, but imports nothing from there: -I keeps it off the path.
START = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
ROOT = Path(__file__).resolve().parents[3]
# Rasa puts environment variables into YAML, so the child's environment holds no secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "TMPDIR")


def train(bundle: Bundle, directory: Path, name: str, on_progress: Callable[[Progress], None] | None = None) -> Archive:
    """Raises TrainingFailed."""
    check_bundle(bundle)
    started = perf_counter()
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="training-") as folder:
        project, output = Path(folder) / "project", Path(folder) / "output"
        write_bundle(bundle, project)
        turns = _trained(project, output, name, on_progress or _ignore)
        path = directory / f"{name}.tar.gz"
        _move(output / path.name, path)
    return Archive(path, archives.sha256_of(path), path.stat().st_size, perf_counter() - started, turns)


def _ignore(progress: Progress) -> None:
    """Nobody looks."""


def _trained(project: Path, output: Path, name: str, on_progress: Callable[[Progress], None]) -> int | None:
    with _child(project, output, name) as child:
        try:
            result = _result(child, on_progress)
        finally:
            child.kill()
    if result is None:
        raise TrainingFailed(f"The training stopped before its end (exit code {child.returncode}).")
    if "error" in result:
        raise TrainingFailed(result["error"])
    turns: int | None = result["history_turns"]
    return turns


def _child(project: Path, output: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own module, by this interpreter
        [sys.executable, "-I", "-c", START, str(ROOT), TRAINER, str(project), str(output), f"{name}.tar.gz"],
        cwd=project,
        env=_environment(project.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    ours = {
        "DJANGO_SETTINGS_MODULE": "assistant.settings",
        "VAR_DIR": str(settings.VAR_DIR),
        "RASA_CACHE_DIRECTORY": str(folder / "cache"),
        "RASA_MAX_CACHE_SIZE": "0",
    }
    return kept | ours | ({"RASA_DUCKLING_HTTP_URL": settings.DUCKLING_URL} if settings.DUCKLING_URL else {})


def _result(child: subprocess.Popen[str], on_progress: Callable[[Progress], None]) -> Json | None:
    """The child's last word. None: it was killed before it."""
    for message in _messages(child):
        if "component" not in message:
            child.wait()
            return message
        on_progress(Progress(**message))
    child.wait()
    return None


def _messages(child: subprocess.Popen[str]) -> Iterator[Json]:
    for line in child.stdout or ():
        yield json.loads(line)


def _move(source: Path, target: Path) -> None:
    """At once or not at all, also from another file system."""
    partial = target.with_suffix(".partial")
    shutil.move(source, partial)
    partial.replace(target)
