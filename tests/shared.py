"""A folder that the workers of one test run share: what one of them has made, the others take."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAME = "FRONTDESK_TEST_RUN"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[NAME] = tempfile.mkdtemp(prefix="frontdesk-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[NAME], ignore_errors=True)


def once(name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, which `make` fills for the first who asks."""
    folder = Path(os.environ[NAME], name)
    made = folder.with_name(f"{name}-made")
    with locked(name):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@contextmanager
def locked(name: str, *, alone: bool = True) -> Iterator[None]:
    """Alone, or together with all others who do not want it alone. Whoever waits is overtaken by nobody."""
    folder = Path(os.environ[NAME])
    with (folder / f"{name}-gate").open("w") as gate, (folder / f"{name}-lock").open("w") as lock:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
