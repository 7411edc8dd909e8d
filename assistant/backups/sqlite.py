"""Backups of SQLite hold the database's file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from assistant.backups.archives import DATABASE, Archive, BackupError, Writer
from assistant.backups.tables import Check, check_counts, describe, our_tables


def save(writer: Writer, folder: Path) -> dict[str, Any]:
    """Add the database as it is at one moment, while others write on. Returns what was saved, for the manifest."""
    copy = folder / DATABASE
    connection.ensure_connection()
    with closing(sqlite3.connect(copy)) as target:
        connection.connection.backup(target)  # in one step: a backup in many begins anew whenever another writes
        target.execute("PRAGMA journal_mode=DELETE")
    with _connected_to(copy):
        saved = describe(our_tables())
    writer.add(DATABASE, copy)
    return saved


def restore(archive: Archive, check: Check) -> None:
    """Put the archive's in place of what is there, migrated to what the code needs. All or nothing."""
    place = Path(settings.DATABASES["default"]["NAME"])
    new = place.with_name(f"{place.name}.restored")
    _remove(new)
    try:
        archive.extract(DATABASE, new)
        _check_integrity(new)
        with _connected_to(new):
            check_counts(archive.manifest["counts"])
            call_command("migrate", verbosity=0)
            check()
        _end_write_ahead_log(new)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        check_alone()
        new.replace(place)
    finally:
        _remove(new)


def check_alone() -> None:
    """That no other process has the database open. Raises BackupError."""
    place = Path(settings.DATABASES["default"]["NAME"])
    connection.close()
    if place.exists():
        _end_write_ahead_log(place)


def _check_integrity(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            problem = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            lost = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database in the backup is damaged: {error}") from error
    if problem != "ok" or lost:
        raise BackupError(
            f"The database in the backup is damaged: {problem if problem != 'ok' else 'rows that others lack'}"
        )


def _end_write_ahead_log(path: Path) -> None:
    """Bring the write-ahead log into the file: a log of one database beside another would spoil it.

    SQLite does that only for whoever is alone with the file, so it is also the proof that no server runs on it.
    """
    with closing(sqlite3.connect(path, timeout=1)) as database:
        try:
            database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise BackupError("Frontdesk runs on this database. Stop it first.") from error


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextmanager
def _connected_to(path: Path) -> Iterator[None]:
    """Everything in this process sees that file as its database."""
    place = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = place
