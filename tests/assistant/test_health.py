"""Health tells the truth: 503 only where a message can't be stored, and what else is amiss by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.models import F
from django.test import Client

from assistant import database_schema, health, heartbeats
from assistant.models import Heartbeat

pytestmark = pytest.mark.django_db
RECORD = """
INSERT INTO django_migrations (app, name, applied) VALUES ('training', '9999_from_the_future', CURRENT_TIMESTAMP)
"""


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    health._latest = health.LatestHealth()
    yield
    health._latest = health.LatestHealth()


@pytest.fixture
def all_alive() -> None:
    heartbeats.beat("chat", "training", "beat")


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/health/ready")
    return response.status_code, response.json()


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_it_is_well_where_everything_is_alive(client: Client, all_alive: None) -> None:
    status, told = ready(client)
    assert (status, told["status"], told["problems"]) == (200, "ok", {})
    assert all(told["parts"].values())
    assert set(told["parts"]) >= {"database", "schema", "disk", "chat", "training", "beat"}


def test_it_names_the_part_that_is_dead_and_stays_in_service(client: Client, all_alive: None) -> None:
    Heartbeat.objects.filter(kind="chat").update(seen=F("seen") - timedelta(seconds=20))
    Heartbeat.objects.filter(kind="beat").update(seen=F("seen") + timedelta(hours=1))  # the clock was set back since
    status, told = ready(client)
    assert (status, told["status"], sorted(told["problems"])) == (200, "degraded", ["beat", "chat"])


def test_it_is_degraded_where_redis_is_away(client: Client, all_alive: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    health._redis.cache_clear()
    status, told = ready(client)
    health._redis.cache_clear()
    assert (status, told["status"], list(told["problems"])) == (200, "degraded", ["redis"])
    assert (told["parts"]["redis"], told["parts"]["database"]) == (False, True)


def test_it_is_down_where_migrations_wait(client: Client) -> None:
    run("DELETE FROM django_migrations WHERE name = '0008_let_staff_confirm_a_doubtful_label'")
    status, told = ready(client)
    assert (status, told["status"]) == (503, "down")
    assert "training.0008_let_staff_confirm_a_doubtful_label" in told["problems"]["schema"]


def test_it_is_down_where_the_database_is_newer(client: Client) -> None:
    run(RECORD)
    status, told = ready(client)
    assert status == 503
    assert "training.9999_from_the_future" in told["problems"]["schema"]


@pytest.mark.parametrize("words", ["database or disk is full", "server closed the connection unexpectedly"])
def test_it_is_down_where_nothing_can_be_written(client: Client, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(heartbeats, "beat", lambda *_: _fail(words))
    status, told = ready(client)
    assert (status, told["parts"]["database"]) == (503, False)
    assert ("full" in told["problems"]["database"]) is ("full" in words)


def _fail(words: str) -> None:
    raise OperationalError(words)


def test_it_looks_once_however_often_it_is_asked(client: Client, django_assert_num_queries: Any) -> None:
    ready(client)
    with django_assert_num_queries(0):
        ready(client)


def test_it_refuses_a_newer_database_in_one_sentence() -> None:
    run(RECORD)
    for command in ("migrate", "serve"):
        with pytest.raises(CommandError, match=r"newer version.*training\.9999_from_the_future") as refused:
            call_command(command, *(["--port", "0"] if command == "serve" else []), verbosity=0)
        assert "\n" not in str(refused.value)


def test_it_does_not_take_other_apps_old_migrations_for_newer_ones() -> None:
    run("INSERT INTO django_migrations (app, name, applied) VALUES ('axes', '0001_old', CURRENT_TIMESTAMP)")
    database_schema.refuse_newer()


def test_it_copies_an_sqlite_database_whole_and_keeps_the_last_three(tmp_path: Path) -> None:
    path = tmp_path / "frontdesk.sqlite3"
    with sqlite3.connect(path) as source:
        source.execute("PRAGMA journal_mode=WAL")
        source.execute("CREATE TABLE said (text)")
        source.execute("INSERT INTO said VALUES ('hello')")
    copies = [database_schema.copy_sqlite(path) for _ in range(5)]
    assert [copy.exists() for copy in copies] == [False, False, True, True, True]
    assert copies[-1].stat().st_mode & 0o777 == 0o600
    assert sqlite3.connect(copies[-1]).execute("SELECT text FROM said").fetchall() == [("hello",)]


def test_it_shows_numbers_to_private_networks_only(client: Client, all_alive: None) -> None:
    told = client.get("/metrics").content.decode()
    assert 'frontdesk_processes{kind="chat"} 1.0' in told
    assert 'frontdesk_up{part="database"} 1.0' in told
    for name in ("frontdesk_ready 1.0", "frontdesk_unanswered_turns 0.0", 'frontdesk_jobs{status="queued"} 0.0'):
        assert name in told
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 404
