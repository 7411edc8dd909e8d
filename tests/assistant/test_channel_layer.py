"""Hints over a Redis that goes away, falls silent and comes back. Who waits for hints fetches meanwhile."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from redis.exceptions import RedisError

from assistant.lib.configuration import redis_host
from assistant.lib.redis import channel_layer
from assistant.lib.redis.channel_layer import RedisLayer
from tests.proxies import Line

pytestmark = pytest.mark.modes("distributed")


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line(urlsplit(settings.REDIS_URL).port or 6379)
    yield line
    line.close()


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_layer, "PING_AFTER", 0.2)
    monkeypatch.setattr(channel_layer, "AGAIN_AFTER", 0.2)


@pytest.fixture
async def layer(line: Line) -> AsyncIterator[RedisLayer]:
    """A process that listens, behind the line."""
    layer = layer_at(line.near)
    yield layer
    await layer.flush()


@pytest.fixture
async def elsewhere() -> AsyncIterator[RedisLayer]:
    """Another process, whose Redis is always there."""
    layer = layer_at(urlsplit(settings.REDIS_URL).port or 6379)
    yield layer
    await layer.flush()


def layer_at(port: int) -> RedisLayer:
    host = redis_host(f"redis://127.0.0.1:{port}/9")
    return RedisLayer(hosts=[host], prefix="test-layer:", symmetric_encryption_keys=["key"])


async def hear(layer: RedisLayer, channel: str, heard: set[str]) -> None:
    while True:
        heard.add((await layer.receive(channel))["number"])


async def seconds_until_heard(heard: set[str], sender: RedisLayer) -> float:
    """Until one of the hints that are sent now and again is heard."""
    began, sent = time.monotonic(), set[str]()
    while not sent & heard:
        assert time.monotonic() - began < 10
        sent.add(number := uuid.uuid4().hex)
        with suppress(RedisError):
            await sender.group_send("talk", {"type": "hint", "number": number})
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def seconds_until_refused(layer: RedisLayer) -> float:
    began = time.monotonic()
    with pytest.raises(RedisError):
        await layer.group_send("talk", {"type": "hint", "number": "0"})
    return time.monotonic() - began


async def test_it_hears_again_soon_whatever_happens_to_redis(
    line: Line, layer: RedisLayer, elsewhere: RedisLayer
) -> None:
    line.refuse()
    began, heard = time.monotonic(), set[str]()
    channel = await layer.new_channel()
    await layer.group_add("talk", channel)
    assert time.monotonic() - began < 2  # who comes while Redis is away may talk
    hearing = asyncio.create_task(hear(layer, channel, heard))
    line.accept()
    assert await seconds_until_heard(heard, elsewhere) < 4

    line.hold(new=False)
    assert await seconds_until_heard(heard, elsewhere) < 4

    line.hold(new=True)
    assert await seconds_until_refused(layer) < 2
    assert await seconds_until_refused(layer) < 0.5  # the next one does not wait
    line.let_go()
    assert await seconds_until_heard(heard, elsewhere) < 4
    assert await seconds_until_heard(heard, layer) < 4
    hearing.cancel()
