"""Backups of PostgreSQL hold rows, table by table.

Our own migrations make the tables, so a restore runs no SQL out of a file and needs neither pg_dump nor the same
version of the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg2.extensions import get_wait_callback, set_wait_callback

from assistant.backups.archives import TABLES, Archive, BackupError, Writer
from assistant.backups.tables import MIGRATIONS, Check, check_counts, describe, our_tables, quoted
from conversations import search_index

_SET_NEXT = """
SELECT setval(pg_get_serial_sequence('{table}', '{name}'), COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL)
FROM {table}
"""


def save(writer: Writer, folder: Path) -> dict[str, Any]:
    """Add the tables as they are at one moment, while others write on. Returns what was saved, for the manifest."""
    with _ordinary_connection(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")  # all tables at one moment
        saved = describe(our_tables())
        for table, columns in saved["columns"].items():
            rows = folder / table
            with rows.open("wb") as file:
                cursor.copy_expert(f"COPY {_table_with_columns(table, columns)} TO STDOUT", file)
            writer.add(f"{TABLES}/{table}", rows)
            rows.unlink()
    return saved


def restore(archive: Archive, check: Check) -> None:
    """Put the archive's rows in place of what is there, migrated to what the code needs.

    One transaction, DDL included: until it is done, everybody sees what was there before, also after a kill.
    """
    manifest = archive.manifest
    with _ordinary_connection(), transaction.atomic():
        tables = our_tables()
        with connection.schema_editor() as schema:
            if tables:
                schema.execute(f"DROP TABLE {', '.join(map(quoted, tables))} CASCADE")
            search_index.drop(schema)
        _migrate_to(manifest["migrations"])
        tables = [table for table in our_tables() if table != MIGRATIONS]
        _check_columns(archive, tables)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # rows come before those that they point to
            cursor.execute(f"TRUNCATE {', '.join(map(quoted, tables))}")
            for table in [table for table in tables if table in manifest["columns"]]:
                target = _table_with_columns(table, manifest["columns"][table])
                with archive.open(f"{TABLES}/{table}") as rows, connection.wrap_database_errors:
                    cursor.copy_expert(f"COPY {target} FROM STDIN", rows)
            for table in tables:  # the next number of each table follows the last one that came back
                for sequence in connection.introspection.get_sequences(cursor, table):
                    name = sequence["column"]
                    cursor.execute(_SET_NEXT.format(table=quoted(table), column=quoted(name), name=name))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        check_counts({table: count for table, count in manifest["counts"].items() if table in tables})
        call_command("migrate", verbosity=0)
        check()


def check_alone() -> None:
    """That nobody else is connected to the database. Raises BackupError."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND COALESCE(backend_type, 'client backend') = 'client backend'"
        )
        others = cursor.fetchone()[0]
    if others:
        raise BackupError(f"{others} others are connected to this database. Stop web, chat, training and beat first.")


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


def _migrate_to(applied: list[list[str]]) -> None:
    """Make the tables as they were when exactly these migrations were applied."""
    executor = MigrationExecutor(connection)
    graph, known = executor.loader.graph, {(app, name) for app, name in applied}
    nodes = [node for node in graph.nodes if node in known]
    # The last ones: those on which no other one of them builds.
    executor.migrate([node for node in nodes if not any(it.key in known for it in graph.node_map[node].children)])


def _check_columns(archive: Archive, tables: list[str]) -> None:
    existing = describe(tables)["columns"]
    for table, columns in archive.manifest["columns"].items():
        if table == MIGRATIONS:
            continue
        known = set(columns) <= set(existing.get(table, []))
        if not known or f"{TABLES}/{table}" not in archive.members:
            raise BackupError(f"The table {table} in the backup is not the one that its version of the code made.")


def _table_with_columns(table: str, columns: list[str]) -> str:
    return f"{quoted(table)} ({', '.join(quoted(column) for column in columns)})"
