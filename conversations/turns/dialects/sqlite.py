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
