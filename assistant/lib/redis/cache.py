"""Django's cache on a Redis that others may use, too: our name stands before each key, and what comes from there is
believed only where it is ours."""

from __future__ import annotations

import hmac
import pickle
import re
from contextlib import suppress
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError


def cache_key(key: str, prefix: str, version: int) -> str:
    """`<installation>:<key>`: other programs may know a key by its name."""
    return f"{prefix}:{key}" if version == 1 else f"{prefix}:{version}:{key}"


class SharedCache(RedisCache):
    """Where Redis is away, nothing is kept and nothing found: pages take longer, and do not fail."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        with suppress(RedisError):
            return super().get(key, default, version)
        return default

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        with suppress(RedisError):
            return dict(super().get_many(keys, version))
        return {}

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        with suppress(RedisError):
            super().set(key, value, timeout, version)


class SignedPickle:
    """Django's Redis cache unpickles what it finds. Whoever can write to Redis could have it run anything."""

    def dumps(self, value: Any) -> Any:
        if type(value) is int:  # as Django has it: Redis itself counts on them
            return value
        pickled = pickle.dumps(value)
        return _signature(pickled) + pickled

    def loads(self, stored: bytes) -> Any:
        """None, as if it were not there, for what this version did not write."""
        if re.fullmatch(rb"-?\d{1,20}", stored):
            return int(stored)
        signature, pickled = stored[:32], stored[32:]
        if not hmac.compare_digest(signature, _signature(pickled)):
            return None
        # After an update, what an earlier version cached may name a class that is elsewhere now.
        with suppress(ImportError, AttributeError):
            return pickle.loads(pickled)  # noqa: S301  ours
        return None


def _signature(pickled: bytes) -> bytes:
    # The salt is the name that this module had when the first values were written.
    return salted_hmac("assistant.lib.shared_redis", pickled, algorithm="sha256").digest()
