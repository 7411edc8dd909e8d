"""What the product leans on goes away, comes back, or falls silent while people talk: nothing is lost, nothing comes
twice or out of order, and soon everybody is answered again."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.conversations.talkers import Talkers
from tests.postgres import Cluster
from tests.proxies import Line
from tests.running import Running, until
from tests.settings import MODE
from tests.training.test_training_kill import begin_slow_training, job

pytestmark = [pytest.mark.processes, pytest.mark.clock]
SOON = 10.0  # seconds until everybody is answered again
REST, TABS = 4, 2
only_distributed = pytest.mark.skipif(MODE != "distributed", reason="one process leans on no services")
only_embedded = pytest.mark.skipif(MODE != "embedded", reason="PostgreSQL has many writers")
TRANSCRIPTS = """
SELECT m.conversation_id, m.seq, m.role, m.text FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id
WHERE c.external_id != 'first' ORDER BY m.conversation_id, m.seq
"""


class Leaning(Running):
    """An installation whose services can be cut off. On SQLite it waits for a lock for a second, not for twenty."""

    def furnish(self) -> None:
        super().furnish()
        if self.mode == "embedded":
            self.extra["DATABASE_URL"] = f"sqlite:///{self.folder}/frontdesk.sqlite3?timeout=1"

    def make_services(self, after: str = "") -> None:
        super().make_services(after)
        self._move_to_a_server_of_our_own()
        parts = urlsplit(self.database)
        self.to_database, self.to_redis = Line(parts.port or 5432), Line(self.redis_port)
        near = f"{parts.username or 'postgres'}@127.0.0.1:{self.to_database.near}"
        if parts.password:
            near = near.replace("@", f":{parts.password}@")
        self.extra["DATABASE_URL"] = parts._replace(netloc=near).geturl()
        self.extra["REDIS_URL"] = f"redis://127.0.0.1:{self.to_redis.near}/0"

    def _move_to_a_server_of_our_own(self) -> None:
        self.cluster, before = Cluster(), self.database
        shared, self.server = self.server, self.cluster.url
        self.make_database()
        self.cluster.take_over(before, self.database)
        Running(self.folder, self.mode, server=shared).drop_database()

    def is_well(self) -> bool:
        """Chat and training workers and the clock are alive, too."""
        with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as response:
            return bool(json.load(response)["status"] == "ok")

    def end_all_sessions(self) -> None:
        self._sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaning]:
    no_limits = {"CONNECTIONS_PER_ADDRESS": "off"}  # all visitors are at one address, and none of them is patient
    running = Leaning(tmp_path_factory.mktemp("leaning"), MODE, extra=no_limits)
    running.start()
    running.post_until_answered("first", "hello")
    yield running
    running.stop()
    if MODE == "distributed":
        running.cluster.close()


@pytest.fixture
def talkers(house: Leaning) -> Iterator[Talkers]:
    talkers = Talkers(house, REST, TABS)
    until(lambda: talkers.heard_since(0), what="the first answers")
    yield talkers
    if not talkers.ended:
        talkers.stop()


def assert_all_are_answered_again(talkers: Talkers, what: str, errors: float = 1.0) -> None:
    """Soon, and nobody is refused later than after `errors` seconds."""
    mended = time.monotonic()
    until(lambda: talkers.heard_since(mended), SOON, f"an answer to all {what}")
    late = [(round(at - mended, 2), status) for at, status in talkers.refused if at > mended + errors]
    assert late == [], what


def assert_nothing_is_lost_or_doubled_or_out_of_order(house: Running, talkers: Talkers) -> None:
    talkers.stop()
    said: dict[int, list[tuple[str, str]]] = {}
    for conversation, seq, role, text in house.read(TRANSCRIPTS):
        rows = said.setdefault(conversation, [])
        rows.append((role, text))
        assert seq == len(rows)
    for rows in said.values():
        texts = [text for role, text in rows if role == "user"]
        numbers = [int(match.group()) for text in texts if (match := re.search(r"\d+$", text))]
        assert numbers == list(range(len(numbers)))
        assert [text for role, text in rows if role == "bot"] == [f"You said: {text}" for text in texts]
    assert sum(map(len, talkers.answered.values())) > REST + TABS


@only_distributed
def test_it_forgets_a_lost_database_within_seconds(house: Leaning, talkers: Talkers) -> None:
    line = house.to_database
    begin_slow_training(house, seconds=8)

    house.end_all_sessions()
    assert_all_are_answered_again(talkers, "after all sessions were ended")
    house.end_all_sessions()
    for mode in ("fast", "immediate"):
        house.cluster.stop(mode)
        time.sleep(2)
        house.cluster.start()
        assert_all_are_answered_again(talkers, f"after a restart ({mode})")
    line.hold(new=True)
    time.sleep(6)
    line.let_go()
    assert_all_are_answered_again(talkers, "after the server was suspended")
    line.hold(new=False)
    assert_all_are_answered_again(talkers, "by new connections where the old ones are silent", errors=6)
    line.let_go()
    assert_nothing_is_lost_or_doubled_or_out_of_order(house, talkers)
    until(lambda: job(house)[:2] == ("done", "ready"), 30, "the end of a training that outlasts this")
    until(house.is_well, SOON, "everything well")


@only_distributed
def test_it_forgets_a_lost_redis_within_seconds(house: Leaning, talkers: Talkers) -> None:
    line = house.to_redis

    line.refuse()
    time.sleep(3)
    line.accept()
    assert_all_are_answered_again(talkers, "after the server was restarted")
    line.hold(new=True)
    time.sleep(6)
    line.let_go()
    assert_all_are_answered_again(talkers, "after the server was suspended")
    line.hold(new=False)
    assert_all_are_answered_again(talkers, "by new connections where the old ones are silent")
    line.let_go()
    assert max(talkers.accepted) < 3  # nobody waits for Redis
    assert_nothing_is_lost_or_doubled_or_out_of_order(house, talkers)
    until(house.is_well, SOON, "everything well")


@only_embedded
def test_it_forgets_a_locked_database_within_seconds(house: Leaning, talkers: Talkers) -> None:
    """Another process writes, for longer than anybody here waits for it."""
    other = sqlite3.connect(house.folder / "frontdesk.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(3)
    other.execute("ROLLBACK")
    assert_all_are_answered_again(talkers, "after the lock")
    assert_nothing_is_lost_or_doubled_or_out_of_order(house, talkers)
    until(house.is_well, SOON, "everything well")
