"""SQLite runs the parts of a step one by one, in a transaction: it writes nothing in `WITH`, and is no way off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field

from assistant.lib.database import Row, Statement, one_row, write_transaction

_CLOCK = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW'"
NOW = f"{_CLOCK})"
LATER = f"{_CLOCK}, %s || ' seconds')"
SECONDS_SINCE = "(JULIANDAY('NOW') - JULIANDAY({})) * 86400"


def placeholder(field: Field[Any, Any]) -> str:
    return "%s"


def values_table(name: str, columns: Sequence[str], lines: Sequence[str]) -> str:
    """It calls the columns of a list of values `column1`, `column2` and so on, and takes no other names for them."""
    named = ", ".join(f"column{number} AS {column}" for number, column in enumerate(columns, 1))
    return f"(SELECT {named} FROM (VALUES {', '.join(lines)})) AS {name}"  # noqa: S608  names of ours


def run_step(update: Statement, writes: Sequence[Statement] = (), result: Statement | None = None) -> Row | None:
    with write_transaction(), connection.cursor() as cursor:
        conversation = one_row(cursor, *update)
        if conversation is None:
            return None
        marks = ", ".join(["%s"] * len(conversation))
        known = f"WITH conversation({', '.join(conversation)}) AS (VALUES ({marks}))"
        for text, values in writes:
            cursor.execute(f"{known} {text}", [*conversation.values(), *values])
        if result is None:
            return conversation
        text, values = result
        found = one_row(cursor, f"{known} {text}", [*conversation.values(), *values])
        return {**dict.fromkeys(column[0] for column in cursor.description), **conversation, **(found or {})}
