"""kill -9 under load, at random moments: nothing lost, nothing twice, nothing out of order."""

import itertools
import random
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.running import Running, until
from tests.settings import MODE

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("house"), MODE).start()
    yield running
    running.stop()


@pytest.fixture
def installation(house):
    """What one test broke, the next finds whole: the same database, all processes, empty logs."""
    for log in house.folder.glob("*.log"):
        log.write_bytes(b"")
    for name in house.names():
        if name not in house.processes or house.processes[name].poll() is not None:
            house.start_process(name)
    house.wait_until_up()
    return house


class Load:
    """Clients that send numbered messages one after another and never give one up, until they are told to stop."""

    def __init__(self, installation, senders=40):
        self.installation, self.stopped = installation, threading.Event()
        self.name = uuid.uuid4().hex[:8]
        self.senders = [f"{self.name}-{number}" for number in range(senders)]
        self.answers = {sender: [] for sender in self.senders}
        self.pool = ThreadPoolExecutor(senders)
        self.work = [self.pool.submit(self._talk, sender) for sender in self.senders]

    def _talk(self, sender):
        said = self.answers[sender]
        while not self.stopped.is_set():
            said.append(self.installation.post_until_answered(sender, f"message {len(said)}", 120))

    def until_all_said(self, more):
        """Each of them, that many more than now."""
        goals = {sender: len(said) + more for sender, said in self.answers.items()}
        until(lambda: all(len(self.answers[sender]) >= goal for sender, goal in goals.items()), 120, "an answer to all")

    def stop(self):
        self.stopped.set()
        for task in self.work:
            task.result()


def assert_all_answered_once_and_in_order(installation, load):
    expected = {sender: [[f"You said: message {n}"] for n in range(len(said))] for sender, said in load.answers.items()}
    assert load.answers == expected
    transcripts = {}
    for sender, seq, role, text in installation.read(
        "SELECT c.external_id, m.seq, m.role, m.text FROM conversations_message m "
        "JOIN conversations_conversation c ON c.id = m.conversation_id "
        f"WHERE c.external_id LIKE '{load.name}-%' ORDER BY m.conversation_id, m.seq"
    ):
        transcripts.setdefault(sender, []).append((seq, role, int(re.search(r"\d+$", text).group())))
    whole = {s: [(n, role) for n in range(len(said)) for role in ("user", "bot")] for s, said in load.answers.items()}
    assert {s: [(n, role) for _, role, n in t] for s, t in transcripts.items()} == whole
    assert all([seq for seq, *_ in t] == list(range(1, len(t) + 1)) for t in transcripts.values())


def break_under_load(load, break_once, pause=(1.0, 3.0), times=6):
    """At random moments. What was broken last has answered everybody again before it ends."""
    load.until_all_said(1)
    for _ in range(times):
        time.sleep(random.uniform(*pause))
        break_once()
    load.until_all_said(2)
    load.stop()


def restart(installation, names):
    for name in names:
        installation.kill(name)
    for name in names:
        installation.start_process(name)


def test_it_survives_kill_9_of_what_answers(installation):
    """A worker at a time in the distributed form; the whole server in the embedded one."""
    load = Load(installation)
    candidates = [name for name in installation.names() if name.startswith("chat")] or ["server"]
    pause, times = ((1.0, 3.0), 6) if installation.mode == "distributed" else ((3.0, 6.0), 4)
    break_under_load(load, lambda: restart(installation, [random.choice(candidates)]), pause, times)
    assert_all_answered_once_and_in_order(installation, load)


@pytest.mark.modes("distributed")  # one process has no others to kill
def test_it_survives_kill_9_of_everything(installation):
    load = Load(installation, senders=20)
    break_under_load(load, lambda: restart(installation, installation.names()), pause=(2.0, 5.0), times=2)
    assert_all_answered_once_and_in_order(installation, load)


@pytest.mark.modes("distributed")  # embedded mode has no Redis
def test_it_survives_redis_flushed_and_restarted(installation):
    load = Load(installation, senders=20)

    def break_redis():
        redis.Redis(port=installation.redis_port).flushall()
        time.sleep(1)
        installation.stop_redis()
        time.sleep(1)
        installation.start_redis()

    break_under_load(load, break_redis, times=2)
    assert_all_answered_once_and_in_order(installation, load)


LIVE = """
from training.models import ModelVersion
from training.services import activate_version
activate_version(version=ModelVersion.objects.latest("id"), by=None)
"""
BACK = """
from training.selectors import production
from training.services import roll_back
roll_back(environment=production(), by=None)
"""


def test_it_puts_a_new_model_live_and_takes_it_back_under_load(installation):
    installation.manage("train_model")
    load = Load(installation, senders=10)
    for script in (LIVE, BACK):
        load.until_all_said(2)
        installation.manage("shell", "--verbosity", "0", "-c", script)
    load.until_all_said(2)
    load.stop()

    assert_all_answered_once_and_in_order(installation, load)
    versions = {}
    for sender, version in installation.read(
        "SELECT m.conversation_id, m.model_version_id FROM conversations_message m "
        "JOIN conversations_conversation c ON c.id = m.conversation_id "
        f"WHERE c.external_id LIKE '{load.name}-%' ORDER BY m.conversation_id, m.seq"
    ):
        versions.setdefault(sender, []).append(version)
    old, new = sorted({version for said in versions.values() for version in said})
    assert all(runs(said) == [old, new, old] for said in versions.values())


def runs(versions):
    """Each version once for as long as it stays."""
    return [version for version, _ in itertools.groupby(versions)]


@pytest.mark.clock
def test_it_ends_within_five_seconds_of_sigterm(live):
    name = "server" if MODE == "embedded" else "web"
    log, process = live.folder / f"{name}.log", live.processes[name]
    before = len(log.read_text())
    threading.Thread(target=live.post, args=("late", "/sleep 3"), daemon=True).start()
    until(
        lambda: (
            live.read(
                "SELECT count(*) FROM conversations_message m JOIN conversations_conversation c ON "
                "c.id = m.conversation_id WHERE c.external_id = 'late'"
            )
            == [(1,)]
        )
    )
    began = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    live.start_process(name)
    live.wait_until_up()
    assert "Traceback" not in log.read_text()[before:]


def test_it_can_be_reached_again_after_a_restart(installation):
    [answer] = installation.post_until_answered("maria", "ahoy")
    restart(installation, installation.names())
    installation.wait_until_up()

    assert answer == "You said: ahoy"
    assert installation.post_until_answered("maria", "and again") == ["You said: and again"]
    assert installation.read("SELECT count(*) FROM conversations_conversation WHERE external_id = 'maria'") == [(1,)]
