"""The broker of the one process hands over at once, and does nothing while there is nothing to do."""

import socket
import threading
import time

import pytest
from kombu import Connection, Consumer, Producer, Queue

QUEUE = Queue("handed-over", routing_key="handed-over")


def connected():
    return Connection("memory://", transport="assistant.lib.memory_broker:Transport")


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
