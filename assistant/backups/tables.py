"""What a backup knows of tables, in either database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from assistant.backups.archives import BackupError

MIGRATIONS = "django_migrations"
# Called with the new database in place of the old one, before that counts. It may raise.
Check = Callable[[], None]


def our_tables() -> list[str]:
    """Those of Django's models that are there, and the record of migrations."""
    ours = {*connection.introspection.django_table_names(only_existing=True), MIGRATIONS}
    return sorted(ours & set(connection.introspection.table_names()))


def describe(tables: list[str]) -> dict[str, Any]:
    """For the manifest: what is in the database that the connection sees now."""
    with connection.cursor() as cursor:
        counts, columns = {}, {}
        for table in tables:
            cursor.execute(f"SELECT COUNT(*) FROM {quoted(table)}")  # noqa: S608  names of ours
            counts[table] = cursor.fetchone()[0]
            columns[table] = [column.name for column in connection.introspection.get_table_description(cursor, table)]
        cursor.execute(f"SELECT app, name FROM {MIGRATIONS}")  # noqa: S608
        migrations = sorted(list(row) for row in cursor.fetchall())
    return {"database": connection.vendor, "counts": counts, "columns": columns, "migrations": migrations}


def check_counts(counts: dict[str, int]) -> None:
    """Whether the tables have as many rows as the manifest says. Raises BackupError."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in sorted(counts.keys() & existing):
            cursor.execute(f"SELECT COUNT(*) FROM {quoted(table)}")  # noqa: S608  a table that is there
            if cursor.fetchone()[0] != counts[table]:
                raise BackupError(f"{table} does not have as many rows as the manifest says.")
    if missing := counts.keys() - existing:
        raise BackupError(f"The database in the backup lacks {', '.join(sorted(missing)[:3])}.")


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return str(connection.ops.quote_name(name))
