"""Hints over Redis' pub/sub, for a Redis that goes away or falls silent.

Channels' own layer fails a visitor's `hello` where Redis is away, lets hints queue up where it falls silent, and never
notices that the connection it listens on is dead. Here people talk on without hints, and hints come back in seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from channels_redis.utils import decode_hosts
from cryptography.fernet import InvalidToken
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError, RedisError

log = logging.getLogger("frontdesk.redis")
UNREADABLE = {"type": "hint.unreadable"}
WARN_EVERY = 60.0  # seconds
PING_AFTER = 1.0  # seconds without a word from Redis
PINGS = 2  # without an answer: the connection is given up
AGAIN_AFTER = 1.0  # seconds, where Redis is away


class RedisLayer(RedisPubSubChannelLayer):
    """Hints are encrypted with our own key. What somebody else sends to our sockets means nothing to them."""

    _warned = -WARN_EVERY

    def deserialize(self, message: bytes) -> Any:
        try:
            return super().deserialize(message)
        except InvalidToken:
            if time.monotonic() - self._warned > WARN_EVERY:
                self._warned = time.monotonic()
                log.warning("a hint on Redis is not ours: another program uses this INSTALLATION's names")
            return UNREADABLE

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Server):
            layer._shards = [Server(host, layer) for host in decode_hosts(self._kwargs["hosts"])]
        return layer


class Server(RedisSingleShardConnection):
    """One Redis server, for one event loop: a connection that listens, and one that publishes."""

    def __init__(self, host: dict[str, Any], layer: Any) -> None:
        super().__init__(host, layer)
        self._publishing = asyncio.Lock()
        self._closed_until = 0.0
        self._listener: PubSub | None = None  # while it listens
        self._tried = asyncio.Event()  # set when it listens, or could not

    async def publish(self, channel: str, message: bytes) -> None:
        """Raises RedisError at once while Redis is away: hints must not queue up, a late one is worth nothing."""
        async with self._publishing:
            if time.monotonic() < self._closed_until:
                raise ConnectionError("Redis is away")
            self._ensure_redis()
            try:
                await self._redis.publish(channel, message)
            except RedisError:
                self._closed_until = time.monotonic() + AGAIN_AFTER
                raise

    async def subscribe(self, channel: str) -> None:
        """Where Redis is away, as soon as it is back."""
        if channel in self._subscribed_to:
            return
        self._subscribed_to.add(channel)
        self._ensure_receiver()
        await self._tried.wait()
        await self._send_command("subscribe", channel)

    async def unsubscribe(self, channel: str) -> None:
        if channel in self._subscribed_to:
            self._subscribed_to.remove(channel)
            await self._send_command("unsubscribe", channel)

    async def _send_command(self, command: str, *words: str) -> None:
        async with self._lock:
            if self._listener is None:
                return
            try:
                await getattr(self._listener, command)(*words)
            except RedisError:  # `_listen` ends, and the next one subscribes to all
                self._listener = None

    def _ensure_receiver(self) -> None:
        if self._receive_task is None:
            self._tried.clear()
        super()._ensure_receiver()

    async def _do_receiving(self) -> None:
        # Channels' loop, which runs as a task for as long as somebody is subscribed.
        while True:
            try:
                await self._listen()
            except Exception as error:
                log.warning("hints are not heard until Redis answers: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_AFTER)

    async def _listen(self) -> None:
        """Over one connection, until it breaks or falls silent: a healthy one answers to a ping."""
        self._ensure_redis()
        pubsub: PubSub = self._redis.pubsub()
        try:
            await pubsub.connect()
            self._listener = pubsub
            # One channel of our own is always among them: a connection that has none answers in another way.
            await self._send_command("subscribe", f"{self.channel_layer.prefix}__listening__", *self._subscribed_to)
            self._tried.set()
            unanswered = 0
            while self._listener is pubsub and unanswered <= PINGS:
                message = await pubsub.get_message(timeout=PING_AFTER)
                unanswered = 0 if message else unanswered + 1
                if message is None:
                    await self._send_command("ping")
                elif message["type"] == "message":
                    self._receive_message(message)
            raise ConnectionError("Redis is silent")
        finally:
            self._listener = None
            self._tried.set()
            if pubsub.connection is not None:
                await pubsub.connection.disconnect(nowait=True)
            await pubsub.reset()
