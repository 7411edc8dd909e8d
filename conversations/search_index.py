"""The index behind the search in all messages: full text by word, prefix and phrase, kept by the database itself.

PostgreSQL has a GIN index on the words of a text, SQLite an FTS5 table that holds no text of its own and three
triggers. Both fold case and accents; neither knows any language. Migrations build it; Django's
SQLite backend loses triggers when it remakes a table, so `restore_triggers` is called after every migration.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "conversations_message_words"
PUNCTUATION = "-_/\\.,:;@#&+*=~'\"`()[]{}<>|!?%$^" + "".join(chr(code) for code in (*range(0x2010, 0x2028), 0xAB, 0xBB))
# Accents of Latin, Greek and Cyrillic letters, the points of Hebrew and Arabic: nobody looks for a word by them.
MARKS = "\\u0300-\\u036f\\u0591-\\u05c7\\u064b-\\u065f\\u0670"
INDEXED = 100_000  # characters of a text

_ADD = f"INSERT INTO {TABLE}(rowid, text) VALUES (new.id, new.text);"  # noqa: S608  a name of ours
_REMOVE = f"INSERT INTO {TABLE}({TABLE}, rowid, text) VALUES ('delete', old.id, old.text);"  # noqa: S608
_TRIGGERS = {
    "added": f"AFTER INSERT ON conversations_message BEGIN {_ADD} END",
    "gone": f"AFTER DELETE ON conversations_message BEGIN {_REMOVE} END",
    "changed": f"AFTER UPDATE OF text ON conversations_message BEGIN {_REMOVE} {_ADD} END",
}


def build(schema: BaseDatabaseSchemaEditor) -> None:
    """For a migration."""
    for statement in _sqlite() if schema.connection.vendor == "sqlite" else _postgresql():
        schema.execute(statement, params=None)


def drop(schema: BaseDatabaseSchemaEditor) -> None:
    """For its way back, and while a backup is read."""
    if schema.connection.vendor == "sqlite":
        statements = [f"DROP TRIGGER IF EXISTS {TABLE}_{name}" for name in _TRIGGERS]
        statements.append(f"DROP TABLE IF EXISTS {TABLE}")
    else:
        statements = [f"DROP INDEX IF EXISTS {TABLE}", f"DROP FUNCTION IF EXISTS {TABLE}(text)"]
    for statement in statements:
        schema.execute(statement, params=None)


def restore_triggers(connection: Any) -> None:
    """Put triggers back that went away with a table that was remade. Nothing to do elsewhere, or before the build."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        if TABLE in connection.introspection.table_names(cursor):
            for statement in _triggers():
                cursor.execute(statement)


def _sqlite() -> list[str]:
    return [
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(text, content='conversations_message', content_rowid='id',"
        " columnsize=0, tokenize='unicode61 remove_diacritics 2')",
        f"INSERT INTO {TABLE}({TABLE}) VALUES ('rebuild')",  # noqa: S608
        # A message costs a quarter of what it costs as FTS5 comes, which merges the parts of its index four at a time.
        f"INSERT INTO {TABLE}({TABLE}, rank) VALUES ('automerge', 16)",  # noqa: S608
        *_triggers(),
    ]


def _triggers() -> list[str]:
    return [f"CREATE TRIGGER IF NOT EXISTS {TABLE}_{name} {body}" for name, body in _TRIGGERS.items()]


def _postgresql() -> list[str]:
    # In a class of a regular expression.
    punctuation = "".join(f"\\u{ord(character):04x}" for character in PUNCTUATION)
    plain = f"normalize(regexp_replace(normalize(said, NFD), '[{MARKS}]', '', 'g'), NFC)"
    folded = f"CASE WHEN octet_length(said) = char_length(said) THEN said ELSE {plain} END"
    spaced = f"regexp_replace(left({folded}, {INDEXED}), '[{punctuation}]+', ' ', 'g')"
    return [
        f"CREATE FUNCTION {TABLE}(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        f" AS $$ SELECT to_tsvector('pg_catalog.simple', {spaced}) $$",
        # The pending list is kept short: what it saves in writing, whoever fills it would pay for at once.
        f"CREATE INDEX {TABLE} ON conversations_message USING gin ({TABLE}(text))"
        " WITH (fastupdate = on, gin_pending_list_limit = 256)",
    ]
