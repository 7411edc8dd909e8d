"""Floods: how many may come at once, when the next may, and who is counted with whom."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import Any

import pytest
from django.test import RequestFactory

from assistant.lib import throttles
from assistant.lib.throttles import (
    LocalBuckets,
    Rate,
    RedisBuckets,
    TokenBucket,
    login_throttle_wait,
    retry_after,
    throttle_wait,
)

pytestmark = pytest.mark.modes("embedded", "distributed")  # each process by itself, or all by Redis


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("100/m", Rate(100, 60)),
        (" 1 / s ", Rate(1, 1)),
        ("5/hour", Rate(5, 3600)),
        ("7/day", Rate(7, 86400)),
        ("off", None),
        (" OFF ", None),
        ("", None),
    ],
)
def test_it_reads_rates(said: str, rate: Rate | None) -> None:
    assert Rate.parse(said) == rate


@pytest.mark.parametrize("said", ["0/m", "-1/m", "ten/m", "10", "10/", "10/x", "/m", "1.5/s", "²/s"])
def test_it_says_what_is_no_rate(said: str) -> None:
    with pytest.raises(ValueError, match="no rate"):
        Rate.parse(said)


def test_it_lets_as_many_come_at_once_as_the_rate_says(key: str) -> None:
    assert [throttle_wait(key, "3/m") for _ in range(3)] == [0.0] * 3
    refused = [throttle_wait(key, "3/m") for _ in range(2)]
    assert all(19 < wait <= 20 for wait in refused)  # who is refused takes nothing
    assert throttle_wait(f"{key} other", "3/m") == 0.0
    assert throttle_wait(key, "off") == 0.0


def test_it_lets_the_next_one_come_when_it_said(key: str) -> None:
    assert [throttle_wait(key, "2/s") for _ in range(2)] == [0.0] * 2
    wait = throttle_wait(key, "2/s")
    assert 0 < wait <= 0.5
    time.sleep(wait + 0.02)
    assert throttle_wait(key, "2/s") == 0.0
    assert throttle_wait(key, "2/s") > 0


def test_it_counts_who_tries_to_log_in_by_client_and_by_name(key: str, settings: Any) -> None:
    settings.RATE_LIMIT_LOGIN, settings.RATE_LIMIT_LOGIN_NAME = "2/m", "3/m"
    one, neighbour, two, three = (
        RequestFactory(REMOTE_ADDR=f"2001:db8:{key[:4]}:{network}::{key[4:8]}:{number}").post("/")
        for network, number in [(1, 1), (1, 2), (2, 1), (3, 1)]
    )
    assert [login_throttle_wait(request, f"ana{key}") for request in (one, neighbour)] == [0.0] * 2
    assert login_throttle_wait(one, f"bea{key}") > 0
    assert login_throttle_wait(two, f"Ana{key.upper()}") == 0.0
    assert login_throttle_wait(two, f"ana{key}") > 0
    assert login_throttle_wait(three, f"bea{key}") == 0.0


@pytest.mark.parametrize("count", [1, 3, 7])
@pytest.mark.parametrize("seconds", [1, 60, 3600, 86400])
def test_it_loses_none_to_rounding(count: int, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets, rate = LocalBuckets(), Rate(count, seconds)
    for moment in (0.1, 1 / 3, 86_399.7, 12_345_678.9):
        monkeypatch.setattr(time, "monotonic", lambda now=moment: now)
        pace = TokenBucket(rate)
        assert [buckets.take(f"{moment}", rate) for _ in range(count)] == [0.0] * count
        assert [pace.wait() for _ in range(count)] == [0.0] * count
        assert min(buckets.take(f"{moment}", rate), pace.wait()) == pytest.approx(seconds / count, abs=0.001)


def test_it_keeps_those_who_still_wait_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    buckets, slow, fast = LocalBuckets(), Rate(1, 3600), Rate(1, 60)
    monkeypatch.setattr(buckets, "MAX_KEYS", 10)
    assert buckets.take(" waits longest", slow) == 0.0
    for number in range(200):
        assert buckets.take(f"{number}", fast) == 0.0
    assert buckets.take(" waits longest", slow) > 3000
    assert len(buckets._full) <= 10


def test_it_holds_up_nobody_where_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    buckets = RedisBuckets("redis://127.0.0.1:1/0")
    assert [buckets.take("key", Rate(1, 60)) for _ in range(3)] == [0.0] * 3
    assert caplog.messages == ["floods are not held back, Redis is away: ConnectionError"]  # asked once in five seconds


@pytest.mark.modes("distributed")
def test_it_fills_a_bucket_again_where_redis_clock_was_set_back(key: str) -> None:
    redis = throttles._shared_buckets()._redis
    assert throttle_wait(key, "1/m") == 0.0
    assert throttle_wait(key, "1/m") > 0
    [name] = redis.keys(f"*:rate:{hashlib.sha256(key.encode()).hexdigest()[:32]}")
    redis.set(name, float(redis.get(name)) + 3600)
    assert throttle_wait(key, "1/m") == 0.0
    assert 59 < throttle_wait(key, "1/m") <= 60


@pytest.mark.parametrize(("wait", "told"), [(0.01, 0.1), (0.1, 0.1), (1.31, 1.4), (60, 60)])
def test_it_tells_nobody_to_come_again_at_once(wait: float, told: float) -> None:
    assert retry_after(wait) == told
