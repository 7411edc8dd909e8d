"""What a backup takes from the database, and how it comes back: SQLite as the file it is, PostgreSQL table by table.

From PostgreSQL come rows only. The tables are made by our own migrations, so a restore runs no SQL out of a file and
needs neither pg_dump nor the same version of the server.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg2.extensions import get_wait_callback, set_wait_callback

from assistant.backups.archives import DATABASE, TABLES, Archive, Writer
from assistant.backups.errors import BackupError
from conversations import search_index

MIGRATIONS = "django_migrations"
Check = Callable[[], None]
_SET_NEXT = """
SELECT setval(pg_get_serial_sequence('{table}', '{name}'), COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL)
FROM {table}
"""


def save_database(writer: Writer, folder: Path) -> dict[str, Any]:
    """Adds it to the archive as it is at one moment, while others write on. For the manifest: what was saved."""
    return _save_sqlite(writer, folder) if settings.SQLITE else _save_tables(writer, folder)


def restore_database(archive: Archive, check: Check) -> None:
    """Put the archive's in place of what is there, migrated to what the code needs. All or nothing; `check` is called
    before it counts, with the new database in place of the old one, and may raise."""
    if settings.SQLITE:
        _restore_sqlite(archive, check)
    else:
        _restore_tables(archive, check)


def check_alone() -> None:
    """On SQLite: that no other process has the database open. Raises BackupError."""
    place = Path(settings.DATABASES["default"]["NAME"])
    connection.close()
    if place.exists():
        _fold(place)


def our_tables() -> list[str]:
    return sorted({*connection.introspection.django_table_names(only_existing=True), MIGRATIONS} & _existing())


def _existing() -> set[str]:
    return set(connection.introspection.table_names())


def _described(tables: list[str]) -> dict[str, Any]:
    """Of the database that the connection sees now."""
    with connection.cursor() as cursor:
        counts, columns = {}, {}
        for table in tables:
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608  names of ours
            counts[table] = cursor.fetchone()[0]
            columns[table] = [column.name for column in connection.introspection.get_table_description(cursor, table)]
        cursor.execute(f"SELECT app, name FROM {MIGRATIONS}")  # noqa: S608
        migrations = sorted(list(row) for row in cursor.fetchall())
    return {"database": connection.vendor, "counts": counts, "columns": columns, "migrations": migrations}


# --- SQLite


def _save_sqlite(writer: Writer, folder: Path) -> dict[str, Any]:
    copy = folder / DATABASE
    connection.ensure_connection()
    with closing(sqlite3.connect(copy)) as target:
        connection.connection.backup(target)  # in one step: a backup in many begins anew whenever another writes
        target.execute("PRAGMA journal_mode=DELETE")
    with _instead(copy):
        described = _described(our_tables())
    writer.add(DATABASE, copy)
    return described


def _restore_sqlite(archive: Archive, check: Check) -> None:
    place = Path(settings.DATABASES["default"]["NAME"])
    new = place.with_name(f"{place.name}.restored")
    _forget(new)
    try:
        archive.extract(DATABASE, new)
        _check_sqlite(new)
        with _instead(new):
            _check_counts(archive.manifest["counts"])
            call_command("migrate", verbosity=0)
            check()
        _fold(new)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        check_alone()
        new.replace(place)
    finally:
        _forget(new)


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            whole = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            lost = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database in the backup is damaged: {error}") from error
    if whole != "ok" or lost:
        raise BackupError(
            f"The database in the backup is damaged: {whole if whole != 'ok' else 'rows that others lack'}"
        )


def _fold(path: Path) -> None:
    """Bring the write-ahead log into the file: a log of one database beside another would spoil it.

    SQLite does that only for whoever is alone with the file, so it is also the proof that no server runs on it.
    """
    with closing(sqlite3.connect(path, timeout=1)) as database:
        try:
            database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise BackupError("Frontdesk runs on this database. Stop it first.") from error


def _forget(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


@contextmanager
def _instead(path: Path) -> Iterator[None]:
    """Everything in this process sees that file as its database."""
    place = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = place


# --- PostgreSQL


@contextmanager
def _ordinary_connection() -> Iterator[None]:
    """psycopg2 copies only over one that waits in its own way, and not in ours, which gives up what hangs."""
    ours = get_wait_callback()
    connection.close()
    set_wait_callback(None)
    try:
        yield
    finally:
        connection.close()
        set_wait_callback(ours)


def _save_tables(writer: Writer, folder: Path) -> dict[str, Any]:
    with _ordinary_connection(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")  # all tables at one moment
        described = _described(our_tables())
        for table, columns in described["columns"].items():
            rows = folder / table
            with rows.open("wb") as file:
                cursor.copy_expert(f"COPY {_named(table, columns)} TO STDOUT", file)
            writer.add(f"{TABLES}/{table}", rows)
            rows.unlink()
    return described


def _restore_tables(archive: Archive, check: Check) -> None:
    """One transaction, DDL included: whoever looks meanwhile, and whoever kills it, finds what was there before."""
    manifest = archive.manifest
    with _ordinary_connection(), transaction.atomic():
        _drop_all()
        targets = MigrationExecutor(connection)
        targets.migrate(_newest_of_each(targets, manifest["migrations"]))
        tables = set(our_tables()) - {MIGRATIONS}
        _check_columns(archive, tables)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # rows come before those that they point to
            cursor.execute(f"TRUNCATE {', '.join(_quoted(table) for table in tables)}")
            for table in sorted(tables & manifest["columns"].keys()):
                with archive.open(f"{TABLES}/{table}") as rows, connection.wrap_database_errors:
                    cursor.copy_expert(f"COPY {_named(table, manifest['columns'][table])} FROM STDIN", rows)
            for statement in _sequences(tables):
                cursor.execute(statement)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _check_counts({table: count for table, count in manifest["counts"].items() if table in tables})
        call_command("migrate", verbosity=0)
        check()


def _drop_all() -> None:
    tables = our_tables()
    with connection.schema_editor() as schema:
        if tables:
            schema.execute(f"DROP TABLE {', '.join(_quoted(table) for table in tables)} CASCADE")
        search_index.drop(schema)


def _newest_of_each(executor: MigrationExecutor, applied: list[list[str]]) -> list[tuple[str, str]]:
    """The migrations to go to, so that exactly those of the backup are applied."""
    known = {(app, name) for app, name in applied}
    graph = executor.loader.graph
    nodes = [node for node in graph.nodes if node in known]
    return [node for node in nodes if not any(child.key in known for child in graph.node_map[node].children)]


def _check_columns(archive: Archive, tables: set[str]) -> None:
    there = _described(sorted(tables))["columns"]
    told = {table: columns for table, columns in archive.manifest["columns"].items() if table != MIGRATIONS}
    for table, columns in told.items():
        known = set(columns) <= set(there.get(table, []))
        if not known or f"{TABLES}/{table}" not in archive.members:
            raise BackupError(f"The table {table} in the backup is not the one that its version of the code made.")


def _sequences(tables: set[str]) -> list[str]:
    """The next number of each table follows the last one that came back."""
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            for sequence in connection.introspection.get_sequences(cursor, table):
                column = sequence["column"]
                found.append(_SET_NEXT.format(table=_quoted(table), column=_quoted(column), name=column))
    return found


def _named(table: str, columns: list[str]) -> str:
    return f"{_quoted(table)} ({', '.join(_quoted(column) for column in columns)})"


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


# --- both


def _check_counts(told: dict[str, int]) -> None:
    with connection.cursor() as cursor:
        for table in sorted(told.keys() & _existing()):
            cursor.execute(f"SELECT COUNT(*) FROM {_quoted(table)}")  # noqa: S608  a table that is there
            if cursor.fetchone()[0] != told[table]:
                raise BackupError(f"{table} does not have as many rows as the manifest says.")
    if missing := told.keys() - _existing():
        raise BackupError(f"The database in the backup lacks {', '.join(sorted(missing)[:3])}.")
