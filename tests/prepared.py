"""What every installation begins with, made once a test run for each engine: `manage.py migrate` and `prepare`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.running import Running
from tests.shared import NAME, once


def prepared(mode: str, engine: str) -> Running:
    """Not running, and to be copied only."""
    name = f"prepared-{mode}-{engine.rpartition('.')[2]}"
    return Running(once(name, lambda folder: _prepare(Running(folder, mode, engine))), mode, engine)


def _prepare(model: Running) -> None:
    if model.mode == "distributed":
        model.make_database()
    model.manage("migrate", "--verbosity", "0")
    model.manage("prepare", timeout=280)  # it trains, and gives way to all else


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        for folder in Path(os.environ[NAME]).glob("prepared-distributed-*Engine"):
            Running(folder, "distributed").drop_database()
