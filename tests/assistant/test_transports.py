"""The broker: one that is away holds nobody up for long; the one in memory hands over at once and idles at no cost."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from kombu import Connection, Consumer, Producer, Queue
from kombu.exceptions import OperationalError

from assistant.celery import app
from assistant.lib import transports
from conversations import tasks

NOBODY = "redis://127.0.0.1:1/0"
QUEUE = Queue("handed-over", routing_key="handed-over")


def test_it_looks_for_the_broker_each_second_however_long_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "AGAIN_AFTER", 0.01)
    waits: list[float] = []
    with app.connection_for_read(NOBODY) as connection, pytest.raises(OperationalError):
        connection.ensure_connection(lambda _, wait: waits.append(wait), max_retries=20)
    assert waits == [0.01] * 20


def test_it_has_one_sender_a_second_try_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, tries, now = tasks.AnswerQueue(), list[int](), time.monotonic()

    def fail(*_: object, **__: object) -> None:
        tries.append(1)
        if len(tries) > 2:
            queue.put(1)  # another sender, while this one waits
        raise OperationalError

    monkeypatch.setattr(tasks.answer, "apply_async", fail)
    for second in (0.0, 0.1, 0.9, 1.1, 1.2, 2.3):
        monkeypatch.setattr(time, "monotonic", lambda moment=now + second: moment)
        queue.put(1)
    assert len(tries) == 3 * 2  # each tries an old connection, then a new one


def connected():
    return Connection("memory://", transport="assistant.lib.transports:MemoryTransport")


@pytest.fixture
def heard():
    """What a consumer that waits has been given."""
    heard = []
    callbacks = [lambda body, message: heard.append(body)]
    with connected() as connection, Consumer(connection, [QUEUE], callbacks=callbacks, no_ack=True):
        yield connection, heard


def test_it_wakes_who_waits_for_a_message(heard):
    connection, messages = heard
    waiting = threading.Thread(target=connection.drain_events, kwargs={"timeout": 20})
    waiting.start()
    time.sleep(0.05)  # it waits now, or will look before it does
    with connected() as sender:
        Producer(sender).publish("a turn", routing_key=QUEUE.name, declare=[QUEUE])
    waiting.join(10)

    assert messages == ["a turn"]


def test_it_costs_nothing_to_wait(heard):
    connection, _ = heard
    before = time.thread_time()
    with pytest.raises(socket.timeout):
        connection.drain_events(timeout=0.3)
    assert time.thread_time() - before < 0.01
