"""What reaches the console: where something broke, never what was said."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from django.db import IntegrityError

from assistant.lib.logs import LineFormatter

SECRET = "my number is 0171 234"


def printed(caplog: pytest.LogCaptureFixture) -> str:
    [line] = [
        handler.formatter for handler in logging.getLogger().handlers if isinstance(handler.formatter, LineFormatter)
    ]
    return "\n".join(line.format(record) for record in caplog.records)


def refuse() -> None:
    try:
        raise ValueError(f"DETAIL: Failing row contains ({SECRET}).")
    except ValueError as error:
        raise IntegrityError(f"null value ({SECRET})") from error


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("%s %s failed: %s", ["POST", "/api/", IntegrityError(SECRET)]),
        ("Task %(name)s raised unexpected: %(exc)s", [{"name": "answer", "exc": f"IntegrityError('{SECRET}')"}]),
    ],
)
def test_it_names_the_kind_of_an_error_and_its_place(
    caplog: pytest.LogCaptureFixture, words: str, arguments: list[Any]
) -> None:
    try:
        refuse()
    except IntegrityError:
        logging.getLogger("frontdesk").exception(words, *arguments)
    said = printed(caplog)
    assert SECRET not in said
    assert all(part in said for part in ("ValueError", "django.db.utils.IntegrityError", "test_logs.py", "in refuse"))


def test_it_prints_other_lines_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("frontdesk").warning("%s of %d", "three", 7)
    assert printed(caplog).endswith("WARNING three of 7")


@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\x00", "\x85", "\u2028", "\u202e", "\ud800"])
def test_it_writes_one_line_whatever_a_name_holds(caplog: pytest.LogCaptureFixture, char: str) -> None:
    logging.getLogger("frontdesk").warning("Forbidden: %s", f"/a{char}12:00:00 ERROR forged")
    assert printed(caplog).endswith(
        "WARNING Forbidden: /a" + char.encode("unicode_escape").decode() + "12:00:00 ERROR forged"
    )
    assert printed(caplog).isprintable()


def test_it_says_a_thing_once_a_second_however_many_meet_it(monkeypatch: pytest.MonkeyPatch) -> None:
    [handler] = [handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, LineFormatter)]
    log, now, lines = logging.getLogger("frontdesk.test"), time.monotonic(), list[str]()
    monkeypatch.setattr(handler, "emit", lambda record: lines.append(record.getMessage()))
    for second in (0.0, 0.3, 0.9, 1.1):
        monkeypatch.setattr(time, "monotonic", lambda moment=now + second: moment)
        for kind in ("OperationalError", "TimeoutError"):
            log.error("widget frame failed: %s", kind)
    assert lines == ["widget frame failed: OperationalError", "widget frame failed: TimeoutError"] * 2
