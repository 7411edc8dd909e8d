"""What the databases say differently on the way of a turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, cast

from django.conf import settings
from django.db.models import Field

from assistant.lib.database import Row, Statement
from conversations.turns.dialects import postgresql, sqlite


class Dialect(Protocol):
    """What each of the two modules has."""

    NOW: str
    """The database's clock, as Django writes it."""
    LATER: str
    """The same in `%s` seconds."""
    SECONDS_SINCE: str
    """By the same clock, since the moment in `{}`."""

    def placeholder(self, field: Field[Any, Any]) -> str:
        """For a value of this field in a list of `VALUES`."""

    def values_table(self, name: str, columns: Sequence[str], lines: Sequence[str]) -> str:
        """A list of `VALUES` with names, to stand behind FROM."""

    def run_step(
        self, update: Statement, writes: Sequence[Statement] = (), result: Statement | None = None
    ) -> Row | None:
        """Update the conversation, and where that finds its row run the rest, all or nothing.

        `update` returns columns of the conversation; `writes` and `result` read them `FROM conversation`. Returned are
        these columns and those of `result`, which are None where it has no row. None: nothing was written.
        """


dialect = cast(Dialect, sqlite if settings.SQLITE else postgresql)
