"""`manage.py backup` and `restore`, on an installation that runs, is killed, and is damaged."""

import io
import json
import resource
import signal
import stat
import subprocess
import sys
import tarfile

import pytest

from tests.running import ROOT, Running, until
from tests.settings import MODE

pytestmark = pytest.mark.processes
SAID = "SELECT m.text FROM conversations_message m WHERE m.role = 'user' ORDER BY m.id"
MIGRATED = "SELECT name FROM django_migrations WHERE app = 'training' ORDER BY name"
OLDER = "0007_judge_what_came_from_conversations"
GO_BACK = """
from django.core.management import call_command
call_command("migrate", "training", "{older}", verbosity=0)
call_command("backup", "{path}")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("house"), MODE, workers=1).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def saved(house, tmp_path_factory):
    """A backup made while the server answers; more was said since."""
    path = tmp_path_factory.mktemp("saved") / "backup.tar"
    house.post("maria", "before", key="k-1")
    house.manage("backup", str(path), "--with-secrets")
    house.post("maria", "after")
    return path


@pytest.fixture
def stopped(house, saved):
    for name in list(house.processes):
        house.kill(name)
    return house


def run(running, *words, **more):
    command = [sys.executable, "manage.py", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=running.env, capture_output=True, text=True, timeout=120, **more)


def refused(running, *words, **more):
    """The sentence that it ends with; never a stack trace."""
    done = run(running, *words, **more)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def said(running):
    return [text for (text,) in running.read(SAID)]


def test_it_brings_back_what_was_saved_beside_a_running_server(house, saved):
    while_running = refused(house, "restore", saved, "--replace")
    for name in list(house.processes):
        house.kill(name)
    unasked = refused(house, "restore", saved)
    now = said(house)
    house.manage("restore", str(saved), "--replace")
    restored = said(house)
    house.start_processes()

    assert "Stop" in while_running
    assert "--replace" in unasked
    assert (now, restored) == (["before", "after"], ["before"])
    assert house.post("maria", "before", key="k-1") == (200, [{"recipient_id": "maria", "text": "You said: before"}])
    assert house.post_until_answered("maria", "and again") == ["You said: and again"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_it_moves_to_another_machine_with_its_key(stopped, saved, tmp_path_factory):
    """Which has neither tables nor models, and a key of its own."""
    other = Running(tmp_path_factory.mktemp("other"), MODE)
    if MODE == "distributed":
        other.make_services()
    other.manage("restore", str(saved))
    try:
        assert said(other) == ["before"]
        assert (other.folder / "secret-key").read_text() == (stopped.folder / "secret-key").read_text()
        assert [path.name for path in (other.folder / "models").glob("*.tar.gz")]
        assert other.read(MIGRATED) == stopped.read(MIGRATED)
    finally:
        other.stop()


def test_it_migrates_what_older_code_saved(stopped, tmp_path):
    path, newest, before = tmp_path / "older.tar", stopped.read(MIGRATED), said(stopped)
    stopped.manage("shell", "-v", "0", "-c", GO_BACK.format(older=OLDER, path=path))
    older = stopped.read(MIGRATED)
    stopped.manage("restore", str(path), "--replace")

    assert older[-1] == (OLDER,)
    assert (stopped.read(MIGRATED), said(stopped)) == (newest, before)


def test_it_leaves_the_old_or_the_new_state_when_it_is_killed(stopped, saved, tmp_path):
    path, before = tmp_path / "killed.tar", said(stopped)
    killed(stopped, "backup", path, when="Saving the database")
    assert not path.exists()
    stopped.manage("backup", str(path))
    killed(stopped, "restore", saved, "--replace", when="Restoring the database")
    after = said(stopped)
    stopped.manage("restore", str(path), "--replace")

    assert before == after == said(stopped) != ["before"]
    assert [child.name for child in stopped.folder.iterdir() if "restor" in child.name] == []
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def killed(running, *words, when):
    """kill -9 as soon as it has said that."""
    command = [sys.executable, "-u", "manage.py", *map(str, words)]
    process = subprocess.Popen(command, cwd=ROOT, env=running.env, stdout=subprocess.PIPE, text=True)
    until(lambda: when in process.stdout.readline(), what=when)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_it_changes_nothing_where_the_database_is_not_what_the_manifest_says(stopped, saved, tmp_path):
    before = said(stopped)
    with tarfile.open(saved) as old, tarfile.open(tmp_path / "fewer.tar", "w") as new:
        for member in old:
            content = old.extractfile(member).read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                manifest["counts"]["conversations_message"] += 1
                content = json.dumps(manifest).encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))

    assert "as many rows" in refused(stopped, "restore", tmp_path / "fewer.tar", "--replace")
    assert said(stopped) == before


def test_it_leaves_nothing_behind_where_the_disk_takes_no_more(stopped, tmp_path):
    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    assert "could not be written" in refused(stopped, "backup", tmp_path / "backup.tar", preexec_fn=little_room)
    assert list(tmp_path.iterdir()) == []
