"""A broker that is away: who publishes does not wait for it, and who works finds it soon."""

from __future__ import annotations

import time

import pytest
from kombu.exceptions import OperationalError

from assistant.celery import app
from assistant.lib import broker
from conversations import tasks

NOBODY = "redis://127.0.0.1:1/0"


def test_it_looks_for_the_broker_each_second_however_long_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "AGAIN_AFTER", 0.01)
    waits: list[float] = []
    with app.connection_for_read(NOBODY) as connection, pytest.raises(OperationalError):
        connection.ensure_connection(lambda _, wait: waits.append(wait), max_retries=20)
    assert waits == [0.01] * 20


def test_it_has_one_sender_a_second_try_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, tries, now = tasks._Queue(), list[int](), time.monotonic()

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        if len(tries) > 1:
            queue.put(1)  # another sender, while this one waits
        raise OperationalError

    monkeypatch.setattr(tasks.answer, "apply_async", fail)
    for second in (0.0, 0.1, 0.9, 1.1, 1.2, 2.3):
        monkeypatch.setattr(time, "monotonic", lambda moment=now + second: moment)
        queue.put(1)
    assert len(tries) == 3
