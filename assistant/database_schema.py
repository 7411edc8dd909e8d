"""The database's schema: whether it is this code's, an older one's that waits for `migrate`, or a newer one's."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.signals import connection_created
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

KEPT_COPIES = 3
INDIFFERENT = {"backup", "restore", "showmigrations", "check"}  # commands that need not know what is in it
Migration = tuple[str, str]


def missing(using: str = "default") -> list[str]:
    """What `migrate` would apply, by name."""
    return _names(_on_disk() - _applied(using))


def newer(using: str = "default") -> list[str]:
    """What a newer version of ours has applied."""
    known = {name for name, _ in _on_disk()}
    return _names((app, name) for app, name in _applied(using) - _on_disk() if app in _our_apps() and app in known)


def refuse_newer(using: str = "default") -> None:
    """Raises CommandError with the one sentence that an operator needs."""
    unknown = newer(using)
    if unknown:
        raise CommandError(
            f"A newer version of Frontdesk has changed the database ({unknown[-1]}): "
            "start that version, or restore a backup from before."
        )


def on_first_connection(sender: object, connection: Any, **_: Any) -> None:
    """Every command, worker and server refuses a newer database before its first statement."""
    if connection.alias != DEFAULT_DB_ALIAS:  # Django's own, on its way to create or drop a database
        return
    connection_created.disconnect(dispatch_uid="first-connection")
    if sys.argv[1:2] and sys.argv[1] in INDIFFERENT:
        return
    try:
        refuse_newer(connection.alias)
    except CommandError:
        connection_created.connect(on_first_connection, dispatch_uid="first-connection")
        connection.close()
        raise


def before_migrating(using: str, plan: list[tuple[Any, bool]], **_: Any) -> None:
    """Refuses a newer database, and copies an SQLite one that is about to be changed."""
    refuse_newer(using)
    path = Path(str(connections[using].settings_dict["NAME"]))
    if settings.SQLITE and plan and path.is_file() and _applied(using):
        copy_sqlite(path)


def copy_sqlite(path: Path) -> Path:
    """A whole copy beside it, though others write. The last few are kept."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
    copy = path.with_name(f"{path.stem}.before-migration-{moment}.sqlite3")
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for old in sorted(path.parent.glob(f"{path.stem}.before-migration-*.sqlite3"))[:-KEPT_COPIES]:
        old.unlink()
    return copy


@lru_cache(maxsize=1)
def _on_disk() -> frozenset[Migration]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(loader.graph.nodes)


def _applied(using: str) -> set[Migration]:
    return set(MigrationRecorder(connections[using]).applied_migrations())


@lru_cache(maxsize=1)
def _our_apps() -> frozenset[str]:
    """Others' old migrations may be gone without being newer."""
    places = {config.label: Path(config.path) for config in apps.get_app_configs()}
    return frozenset(
        label
        for label, path in places.items()
        if path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts
    )


def _names(migrations: Iterable[Migration]) -> list[str]:
    return [f"{app}.{name}" for app, name in sorted(migrations)]
