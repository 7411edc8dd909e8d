"""The log: one line an event. It never holds what people wrote, not even where an error quotes it."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from django.contrib.auth import get_user_model

from assistant.lib.strict_json import is_storable_text


class LineFormatter(logging.Formatter):
    """Shows the kind of an error and where it happened, without its words: a database quotes the row that it refuses.

    Names and addresses come from outside: a line break or a terminal's command in one is written as its code."""

    def format(self, record: logging.LogRecord) -> str:
        line = copy(record)
        line.args, line.exc_text = _without_words(record.args), None
        text = line.getMessage()
        if not text.isprintable():
            text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
        line.msg, line.args = text, None
        return super().format(line)

    def formatException(self, ei: Any) -> str:
        return "\n".join(_traceback_lines(ei[1])) if ei[1] is not None else ""


class RepeatFilter(logging.Filter):
    """Drops a warning that repeats another of less than a second ago.

    What goes wrong for every frame and every sender at once would fill the disk.
    """

    SECONDS, MAX_REMEMBERED = 1.0, 1000

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, ...], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        line, now = (record.name, str(record.msg), repr(record.args)), time.monotonic()
        if now - self._seen.get(line, -self.SECONDS) < self.SECONDS:
            return False
        if len(self._seen) >= self.MAX_REMEMBERED:
            self._seen.clear()
        self._seen[line] = now
        return True


def describe_log_in(username: str | None, address: str | None, agent: str, path: str, request: object) -> str:
    """Who tried to log in, for the lines of django-axes: the name, the address and the page.

    A name that nobody has is not repeated: it may be a password that was typed into the wrong field.
    """
    known = is_storable_text(username) and get_user_model().objects.filter(username=username).exists()
    page = "the API" if path.startswith("/api/") else "the staff site"
    return f"{repr(username) if known else 'an unknown name'} from {address or 'an unknown address'} on {page}"


def _without_words(arguments: Any) -> Any:
    if isinstance(arguments, Mapping):
        return {**arguments, "exc": ""} if "exc" in arguments else arguments  # Celery's: the traceback names the kind
    return tuple(_kind(it) if isinstance(it, BaseException) else it for it in arguments or ())


def _traceback_lines(error: BaseException) -> Iterator[str]:
    inner = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if inner is not None:
        yield from _traceback_lines(inner)
        yield "then"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    yield _kind(error)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
