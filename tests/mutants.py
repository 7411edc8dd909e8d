"""What `make mutants` needs: a database that is there at once, and a summary (`python -m tests.mutants`)."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

CAUGHT = {1, 3}  # exit codes of pytest
TOO_LONG = {-24, 24, 36, 152, 255}
UNTESTED = {5, 33}
_migrated = sqlite3.connect(":memory:", check_same_thread=False)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """MUTANTS_TESTS: files and folders. All tests take minutes before the first mutant is tried."""
    chosen = [Path(part).resolve() for part in os.environ.get("MUTANTS_TESTS", "").split()]
    around = {*collection_path.parents, collection_path}
    is_in = not chosen or any(part in around or collection_path in part.parents for part in chosen)
    return None if is_in else True


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Migrated once: each mutant runs in a fork of the process that did it, and takes a copy."""
    from django.conf import settings
    from django.db import connection
    from django.test.utils import setup_databases

    before = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["NAME"] = f"{settings.VAR_DIR}/mutant-{os.getpid()}.sqlite3"
        if _migrated.execute("SELECT 1 FROM sqlite_master").fetchone():
            connection.close()
            connection.settings_dict["NAME"] = connection.settings_dict["TEST"]["NAME"]
            connection.ensure_connection()
            _migrated.backup(connection.connection)
        else:
            setup_databases(verbosity=0, interactive=False)
            connection.connection.backup(_migrated)
    yield
    with django_db_blocker.unblock():
        connection.creation.destroy_test_db(before, verbosity=0)


def kind_of(exit_code: int | None) -> str:
    if exit_code is None:
        return "not tried"
    kinds = {"caught": CAUGHT, "too long": TOO_LONG, "untested": UNTESTED, "SURVIVED": {0}}
    return next((kind for kind, codes in kinds.items() if exit_code in codes), "odd")


def main(folder: Path = Path("mutants")) -> None:
    """How many faults of each module were caught, and the names of those that were not: `mutmut show NAME`."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    missed: list[str] = []
    for path in sorted(folder.rglob("*.py.meta")):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            counts[str(path.relative_to(folder)).removesuffix(".meta")][kind_of(code)] += 1
            missed += [f"{kind_of(code)}  {name}"] if kind_of(code) in {"SURVIVED", "untested", "odd"} else []
    print("\n".join(missed))
    for module, found in counts.items():
        if set(found) != {"not tried"}:
            print(f"{module}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(found.items())))


if __name__ == "__main__":
    main()
