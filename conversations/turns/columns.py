"""Rows of models by the names of their columns, for plain SQL.

Queries by way of models take up to ten times as long to be put together as the database takes to run them, and these
are asked several times for each turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import CharField, DateTimeField, Field, ForeignKey, IntegerField, JSONField, Model, TextField

from assistant.lib.database import Row, Statement
from conversations.turns.dialects import dialect

M = TypeVar("M", bound=Model)
_AS_THEY_ARE = (CharField, TextField, IntegerField, ForeignKey)  # both drivers take their values


class Columns(Generic[M]):
    """Some columns of a model, by their names in its table: in SQL, and from rows to instances and back."""

    def __init__(self, model: type[M], *names: str) -> None:
        self.model = model
        self.table = model._meta.db_table
        self.fields = [field for field in model._meta.concrete_fields if field.attname in names]
        self.names = [field.attname for field in self.fields]  # as Model.from_db wants them: in the model's order
        self._to_database = {field.attname: _to_database(field) for field in self.fields}
        # As Django's own queries use them: SQLite knows neither UUIDs nor times nor JSON.
        self._from_database = {
            field.attname: [
                *connection.ops.get_db_converters(field.get_col(self.table)),
                *field.get_db_converters(connection),
            ]
            for field in self.fields
        }

    def select(self, table: str, prefix: str = "") -> str:
        """What stands behind SELECT or RETURNING."""
        return ", ".join(f"{table}.{name} AS {prefix}{name}" for name in self.names)

    def instance(self, row: Row, prefix: str = "") -> M:
        """What `select` read. Its other fields are deferred."""
        values = []
        for name, converters in self._from_database.items():
            value = row[prefix + name]
            for convert in converters:
                value = convert(value, None, connection)
            values.append(value)
        return self.model.from_db("default", self.names, values)

    def update(self, row: Mapping[str, Any]) -> Statement:
        """Set them all, of one row by its `id`, where there is a conversation."""
        columns = ", ".join(f"{name} = %s" for name in self.names)
        text = f"UPDATE {self.table} SET {columns} FROM conversation WHERE {self.table}.id = %s"  # noqa: S608
        return text, [*self._values(row), row["id"]]

    def insert(self, rows: Sequence[Mapping[str, Any]], **from_conversation: str) -> Statement:
        """New rows. `from_conversation` has SQL for what only the conversation's row can tell, where `added.place` is 0
        for the last of `rows`, -1 for the one before, and so on. All other columns get their fields' defaults."""
        values: list[Any] = []
        for place, row in enumerate(rows, 1 - len(rows)):
            values += [place, *self._values(row)]
        return _insert_text(self, len(rows), tuple(from_conversation.items())), values

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        return [to_database(row[name]) for name, to_database in self._to_database.items()]


def sql_default(field: Field[Any, Any]) -> str:
    """The field's default as SQL: NULL, a number or a text, which JSON is, too."""
    value = _to_database(field)(field.get_default())
    if value is None:
        return "NULL"
    text = str(value).replace("'", "''").replace("%", "%%")
    return text if isinstance(value, (int, float)) else f"'{text}'"


@lru_cache(maxsize=256)
def _insert_text(columns: Columns[Any], count: int, from_conversation: tuple[tuple[str, str], ...]) -> str:
    marks = ", ".join(["%s", *(dialect.placeholder(field) for field in columns.fields)])
    added = dialect.values_table("added", ["place", *columns.names], [f"({marks})"] * count)
    all_fields = [field for field in columns.model._meta.concrete_fields if not field.primary_key]
    written = {field.attname: sql_default(field) for field in all_fields}
    written |= {name: f"added.{name}" for name in columns.names} | dict(from_conversation)
    return f"""
INSERT INTO {columns.table} ({", ".join(written)})
SELECT {", ".join(written.values())}
FROM conversation, {added}
"""  # noqa: S608  names of ours


def _to_database(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """As Django writes its values, without what takes most of the time: an object around each JSON, and a look at each
    text."""
    if isinstance(field, _AS_THEY_ARE):
        return lambda value: value
    if isinstance(field, JSONField):
        return lambda value: None if value is None else json.dumps(value, cls=field.encoder)
    if isinstance(field, DateTimeField):
        return connection.ops.adapt_datetimefield_value
    return lambda value: field.get_db_prep_save(value, connection)
