"""What every installation and the tests' own database begin with, made once a test run: `manage.py migrate`, and for
each engine `prepare`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.running import Running
from tests.settings import MODE
from tests.shared import NAME, once


def prepared(mode: str, engine: str) -> Running:
    """Not running, and to be copied only."""
    name = f"prepared-{mode}-{engine.rpartition('.')[2]}"
    return Running(once(name, lambda folder: _prepare(Running(folder, mode, engine))), mode, engine)


def _prepare(model: Running) -> None:
    template = migrated(model.mode)
    if model.mode == "distributed":
        model.make_database(f'TEMPLATE "{template.name}"')
    else:
        shutil.copy(template.sqlite, model.sqlite)
    model.manage("prepare", timeout=280)  # it trains, and gives way to all else


def migrated(mode: str) -> Running:
    """Its database has all tables and what migrations write. To be copied only."""
    return Running(once(f"migrated-{mode}", lambda folder: _migrate(Running(folder, mode))), mode)


def _migrate(model: Running) -> None:
    if model.mode == "distributed":
        model.make_database()
    model.manage("migrate", "--verbosity", "0")


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """pytest-django then takes the file that the next fixture puts there. It goes with its folder."""
    return MODE == "embedded"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The tests' database of this worker is a copy, too: to migrate takes seven seconds."""
    from django.db import connection

    template, ours = migrated(MODE), connection.settings_dict["TEST"]
    if MODE == "distributed":
        ours["TEMPLATE"] = template.name
        connection.ops.sql_flush = _deletions
    else:
        shutil.copy(template.sqlite, ours["NAME"])


def _deletions(style: object, tables: list[str], **_options: bool) -> list[str]:
    """After a test that commits. TRUNCATE makes new files for each of seventy tables, full or empty."""
    from django.db import connection

    return ["; ".join(f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables)]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        for name in ("migrated-distributed", "prepared-distributed-*Engine"):
            for folder in Path(os.environ[NAME]).glob(name):
                Running(folder, "distributed").drop_database()
