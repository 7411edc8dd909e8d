"""PostgreSQL runs a step as one statement, which writes in `WITH`: it is the way there and back that costs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, Field, TextField

from assistant.lib.database import Row, Statement, one_row

NOW = "STATEMENT_TIMESTAMP()"
LATER = "STATEMENT_TIMESTAMP() + %s * INTERVAL '1 second'"
SECONDS_SINCE = "EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP() - {})::float"


def placeholder(field: Field[Any, Any]) -> str:
    """What stands in a list of values is a text unless it says otherwise. To texts nothing is said: `varchar(8)` would
    cut them, where the column itself refuses what is too long."""
    return "%s" if isinstance(field, (CharField, TextField)) else f"%s::{field.db_type(connection)}"


def values_table(name: str, columns: Sequence[str], lines: Sequence[str]) -> str:
    return f"(VALUES {', '.join(lines)}) AS {name}({', '.join(columns)})"


def run_step(update: Statement, writes: Sequence[Statement] = (), result: Statement | None = None) -> Row | None:
    parts = {"conversation": update, **{f"write{number}": write for number, write in enumerate(writes)}}
    columns = "conversation"
    if result:
        parts["result"] = result
        columns = "conversation LEFT JOIN result ON true"
    steps = ", ".join(f"{name} AS ({text})" for name, (text, _) in parts.items())
    values = [value for _, values in parts.values() for value in values]
    # A statement is a transaction. Within another one it gets a savepoint, for a client id that was there before.
    with transaction.atomic() if connection.in_atomic_block else nullcontext(), connection.cursor() as cursor:
        return one_row(cursor, f"WITH {steps} SELECT * FROM {columns}", values)  # noqa: S608  all ours
