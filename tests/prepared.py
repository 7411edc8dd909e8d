"""What every installation begins with, made once a test run for each engine: `manage.py migrate` and `prepare`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from tests.running import Running


@lru_cache
def prepared(mode: str, engine: str) -> Running:
    """Not running, and to be copied only."""
    model = Running(Path(tempfile.mkdtemp(prefix="frontdesk-prepared-")), mode, engine)
    atexit.register(_forget, model)
    if mode == "distributed":
        model.make_database()
    model.manage("migrate", "--verbosity", "0")
    model.manage("prepare")
    return model


def _forget(model: Running) -> None:
    if model.mode == "distributed":
        model.drop_database()
    shutil.rmtree(model.folder, ignore_errors=True)
