"""kill -9 of whatever trains, in mid-training: the queue tells the truth, and what is live stays live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.running import Running, until

pytestmark = pytest.mark.processes
BEGIN = """
from tests.training.conftest import make_trainable_bot
from training.services import request_training
trainable = make_trainable_bot()
trainable.slowly({seconds})
request_training(bot=trainable.bot, by=None)
"""
CANCEL = """
from training.models import Job
from training.services import cancel_job
cancel_job(job=Job.objects.get(kind="train", bot__name="faq"), by=None)
"""
JOB = """
SELECT j.status, v.status, j.attempts, j.error FROM training_job j JOIN training_modelversion v ON v.id = j.version_id
JOIN training_bot b ON b.id = j.bot_id WHERE j.kind = 'train' AND b.name = 'faq'
"""
LIVE = (
    "SELECT active_version_id FROM training_environment e JOIN training_bot b ON b.id = e.bot_id WHERE b.name = 'main'"
)


def job(installation: Running) -> tuple[Any, ...]:
    """Its status, that of its version, attempts, error."""
    [row] = installation.read(JOB)
    return row


def do(installation: Running, script: str) -> None:
    installation.manage("shell", "--no-imports", "-c", script)


def begin_slow_training(installation: Running, seconds: float) -> None:
    do(installation, BEGIN.format(seconds=seconds))
    until(lambda: job(installation)[0] == "running", what="a worker's claim")


def test_it_trains_again_after_kill_9_and_keeps_what_is_live(installation: Running) -> None:
    live = installation.read(LIVE)
    begin_slow_training(installation, seconds=5)
    assert installation.post("ana", "number 1")[0] == 200
    trainer = "training" if installation.mode == "distributed" else "server"
    installation.kill(trainer)
    assert job(installation) == ("running", "training", 1, "")
    installation.start_process(trainer)
    until(lambda: job(installation)[0] == "done", 60, "the second attempt")
    assert job(installation) == ("done", "ready", 2, "")
    assert installation.read(LIVE) == live
    assert installation.post_until_answered("ana", "number 2") == ["You said: number 2"]


@pytest.mark.clock
def test_it_cancels_a_training_within_two_seconds(live: Running) -> None:
    begin_slow_training(live, seconds=120)
    do(live, CANCEL)
    until(lambda: job(live)[0] == "cancelled", 2, "its end")
    assert job(live)[1] == "cancelled"
