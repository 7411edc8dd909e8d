"""Limits of rates: a token bucket by key, as one stored time each.

The generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): `full` is when the bucket will be full again.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

import redis
from django.conf import settings
from django.http import HttpRequest

from assistant.lib.addresses import client_of_request

log = logging.getLogger("frontdesk.throttles")
SLACK = 0.0001  # seconds: sums of floats miss by less, and a whole bucket must let in as many as it holds
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Rate:
    """`count` in `seconds`, all of which may come at once."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Rate | None:
        """`100/m` as a rate; `off` as None."""
        if text.strip().lower() in {"off", ""}:
            return None
        count, _, unit = text.partition("/")
        if not count.strip().isdecimal() or int(count) < 1 or unit.strip()[:1] not in _SECONDS:
            raise ValueError(f"{text!r} is no rate")
        return cls(int(count), _SECONDS[unit.strip()[0]])


def throttle_wait(key: str, limit: str) -> float:
    """Take one token of `key`'s bucket. 0.0 if there was one, else the seconds until there is. `limit`: `100/m`."""
    rate = _rate(limit)
    return _shared_buckets().take(key, rate) if rate else 0.0


def retry_after(wait: float) -> float:
    """Seconds for an answer's Retry-After: rounded up, for a client that may come again in no time comes at once."""
    return math.ceil(wait * 10) / 10


def local_throttle_wait(key: str, limit: str) -> float:
    """The same, counted in this process alone and without waiting for anything: it may be called on an event loop."""
    rate = _rate(limit)
    return take_locally(key, rate) if rate else 0.0


def take_locally(key: str, rate: Rate) -> float:
    """The same, by a rate."""
    return _local_buckets.take(key, rate)


def login_throttle_wait(request: HttpRequest, username: str) -> float:
    """Take the tokens of somebody who tries to log in: of their client, and of the name."""
    wait = throttle_wait(f"login:{client_of_request(request)}", settings.RATE_LIMIT_LOGIN)
    return wait or throttle_wait(f"login:{username.casefold()}", settings.RATE_LIMIT_LOGIN_NAME)


@lru_cache(maxsize=32)
def _rate(limit: str) -> Rate | None:
    return Rate.parse(limit)


@lru_cache(maxsize=1)
def _shared_buckets() -> LocalBuckets | RedisBuckets:
    return RedisBuckets(settings.REDIS_URL) if settings.REDIS_URL else LocalBuckets()


class LocalBuckets:
    """The buckets of this process."""

    MAX_KEYS = 100_000

    def __init__(self) -> None:
        self._full: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate) -> float:
        now, step = time.monotonic(), rate.seconds / rate.count
        with self._lock:
            full = max(self._full.get(key, now), now) + step
            wait = full - now - rate.seconds
            if wait > SLACK:
                return wait
            self._forget(now)
            self._full[key] = full
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again; where too few are, the half that will be soonest."""
        if len(self._full) < self.MAX_KEYS:
            return
        self._full = {key: full for key, full in self._full.items() if full > now}
        if len(self._full) > self.MAX_KEYS // 2:
            self._full = dict(sorted(self._full.items(), key=itemgetter(1))[self.MAX_KEYS // 2 :])


_local_buckets = LocalBuckets()


class TokenBucket:
    """One bucket, for whoever keeps it."""

    def __init__(self, rate: Rate) -> None:
        self._step, self._seconds, self._full = rate.seconds / rate.count, rate.seconds, 0.0

    def wait(self) -> float:
        """Take a token: 0.0, or the seconds until there is one."""
        now = time.monotonic()
        full = max(self._full, now) + self._step
        wait = full - now - self._seconds
        if wait > SLACK:
            return wait
        self._full = full
        return 0.0


_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local seconds, step = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if full > now + seconds + 1 then full = now end  -- no bucket is so empty: the clock was set back
full = full + step
local wait = full - now - seconds
if wait > 0.0001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1)
return '0'
"""


class RedisBuckets:
    """Buckets in Redis, so that all web processes count together. Without Redis nobody is held up."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._take = self._redis.register_script(_TAKE)
        self._closed_until = 0.0

    def take(self, key: str, rate: Rate) -> float:
        if time.monotonic() < self._closed_until:
            return 0.0
        name = f"{settings.INSTALLATION}:rate:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        try:
            return float(self._take(keys=[name], args=[rate.seconds, rate.seconds / rate.count]))
        except redis.RedisError as error:
            self._closed_until = time.monotonic() + 5
            log.warning("floods are not held back, Redis is away: %s", type(error).__name__)
            return 0.0
