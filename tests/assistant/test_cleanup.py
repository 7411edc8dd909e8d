"""What nobody needs any more goes by itself, without being in the way."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from django_celery_results.models import TaskResult
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from assistant.lib import audit, cleanup
from assistant.lib.cleanup import BATCH, delete_in_batches, run_cleanup
from assistant.lib.database import write_transaction
from assistant.tasks import clean as clean_task
from conversations.models import Replay, ReplayedTurn
from conversations.services import open_conversation
from tests.training.conftest import make_trainable_bot
from training.models import Bot, Job, ModelVersion, TrainingSet
from training.services import delete_version, request_training, train_version

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LOGIN = "/api/v1/auth/login"


def add_sessions(count: int, expires: timedelta) -> None:
    moment = timezone.now() + expires
    rows = [
        Session(session_key=f"{expires.days}-{number:07}", session_data="", expire_date=moment)
        for number in range(count)
    ]
    Session.objects.bulk_create(rows, batch_size=2000)


def test_it_clears_what_has_run_out_and_nothing_else(ana: User) -> None:
    now = timezone.now()
    add_sessions(BATCH + 3, -DAY)
    add_sessions(2, DAY)
    for name, expires in (("old", now - DAY), ("good", now + DAY)):
        token = OutstandingToken.objects.create(user=ana, jti=name, token="", expires_at=expires)
        BlacklistedToken.objects.create(token=token)
    TaskResult.objects.create(task_id="old")
    TaskResult.objects.update(date_done=now - 2 * DAY)
    TaskResult.objects.create(task_id="new")
    gone = run_cleanup()
    assert (gone["sessions"], gone["tokens"], gone["results of tasks"]) == (BATCH + 3, 1, 1)
    assert Session.objects.count() == 2
    assert [row.token.jti for row in BlacklistedToken.objects.all()] == ["good"]
    assert TaskResult.objects.get().task_id == "new"
    assert not any(run_cleanup().values())


def test_it_keeps_logs_as_long_as_the_settings_say(ana: User, settings: Any) -> None:
    audit.record(ana, {"role": ("viewer", "admin")}, by=ana)
    AccessLog.objects.create(username="ana")
    AccessAttempt.objects.create(username="ana", failures_since_start=1)
    with time_machine.travel(timezone.now() + 89 * DAY):
        run_cleanup()
        assert (AccessLog.objects.count(), AccessAttempt.objects.count()) == (1, 1)
    with time_machine.travel(timezone.now() + 91 * DAY):
        run_cleanup()
        assert (AccessLog.objects.count(), AccessAttempt.objects.count(), LogEntry.objects.count()) == (0, 0, 1)
    with time_machine.travel(timezone.now() + 3000 * DAY):
        settings.KEEP_AUDIT_DAYS = "off"
        run_cleanup()
        assert LogEntry.objects.count() == 1
        settings.KEEP_AUDIT_DAYS = "730"
        run_cleanup()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("said", ["", "0", "-1", "a year", "1e3", "²"])
def test_it_says_which_setting_is_no_number_of_days(settings: Any, said: str) -> None:
    settings.KEEP_JOBS_DAYS = said
    assert [error.id for error in run_checks() if "KEEP_JOBS_DAYS" in error.msg] == ["frontdesk.E020"]


def test_it_makes_no_session_for_a_log_in_over_the_api(ana: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    said = Client().post(LOGIN, {"username": "ana", "password": "desk-of-ana"}, content_type="application/json")
    assert (said.status_code, AccessLog.objects.count(), Session.objects.count()) == (200, 1, 0)


def test_it_keeps_the_jobs_that_a_version_is_shown_with(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    bot = make_trainable_bot().bot
    version = train_version(bot=bot)
    of_version = Job.objects.get(version=version, kind="train")
    Job.objects.exclude(pk=of_version.pk).delete()
    Job.objects.create(bot=bot, kind="check_data", status="done", finished=timezone.now())
    waiting = Job.objects.create(bot=bot, kind="check_data")
    with time_machine.travel(timezone.now() + 100 * DAY):
        assert run_cleanup()["jobs"] == 1
    assert set(Job.objects.all()) == {of_version, waiting}


def test_it_forgets_a_replay_with_its_job_and_turns(live_model: ModelVersion) -> None:
    job = Job.objects.create(bot=live_model.bot, kind="replay", status="done", finished=timezone.now())
    replay = Replay.objects.create(left=live_model, right=live_model, job=job)
    talk = open_conversation(channel="rest", external_id="sam")
    ReplayedTurn.objects.create(replay=replay, conversation=talk, seq=1, text="hi", left={}, right={})
    with time_machine.travel(timezone.now() + 300 * DAY):
        run_cleanup()
        assert (Replay.objects.count(), Job.objects.count()) == (1, 1)
    with time_machine.travel(timezone.now() + 366 * DAY):
        assert run_cleanup()["replays"] == 1
    assert (ReplayedTurn.objects.count(), Job.objects.count()) == (0, 0)


def test_it_drops_what_a_deleted_version_was_trained_on(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    bot = make_trainable_bot().bot
    version = train_version(bot=bot)
    assert run_cleanup()["training sets"] == 0
    later = ModelVersion.objects.create(bot=bot, name="later", parent=version, status="ready")
    delete_version(version=version, by=None)
    assert run_cleanup()["training sets"] == 0  # the later one is compared with it
    delete_version(version=later, by=None)
    assert run_cleanup()["training sets"] == 1
    assert not TrainingSet.objects.exists()
    assert request_training(bot=bot, by=None).version.training_set is not None


def test_it_clears_what_dead_trainings_and_checks_left(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    bot = Bot.objects.create(name="other")
    for name, status in (
        ("other-1", "failed"),
        ("other-2", "training"),
        ("other-3", "quarantined"),
        ("other-4", "ready"),
    ):
        ModelVersion.objects.create(bot=bot, name=name, status=status)
    models = tmp_path / "models"
    left = [models / "unfinished" / "other-1-2", models / "quarantine" / "other-1.tar.gz", models / "other-1.tar.gz"]
    used = [models / "unfinished" / "other-2-1", models / "quarantine" / "other-3.tar.gz", models / "other-4.tar.gz"]
    strange = models / "somebodys.tar.gz"
    for path in (*left, *used, strange):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x") if path.suffix == ".gz" else path.mkdir()
    assert run_cleanup()["files of models"] == 0  # they may be written just now
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert run_cleanup()["files of models"] == 3
    assert [path.exists() for path in (*left, *used, strange)] == [False] * 3 + [True] * 4


def test_it_removes_the_scratch_folders_of_killed_processes(settings: Any, tmp_path: Path) -> None:
    settings.SCRATCH_DIR = tmp_path
    left, used, strange = tmp_path / "model-left", tmp_path / "model-used", tmp_path / "somebodys"
    for folder in (left, used, strange):
        (folder / "parts").mkdir(parents=True)
    for folder in (left, strange):
        os.utime(folder, (time.time() - 90_000,) * 2)
    assert run_cleanup()["scratch folders"] == 1
    assert [folder.exists() for folder in (left, used, strange)] == [False, True, True]


def test_it_goes_on_where_one_part_fails_and_says_so_in_numbers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(until: float) -> int:
        raise DatabaseError("ana@example.com")

    monkeypatch.setitem(cleanup._cleaners, "sessions", breaks)
    AccessLog.objects.create(username="ana")
    AccessLog.objects.update(attempt_time=timezone.now() - 400 * DAY)
    with caplog.at_level(logging.INFO, logger="frontdesk.cleanup"):
        clean_task()
    assert not AccessLog.objects.exists()
    assert caplog.messages == ["sessions could not be cleaned: DatabaseError", "cleaned log-ins: 1 gone"]


def test_it_stops_when_its_time_is_over_and_goes_on_later() -> None:
    add_sessions(3 * BATCH, -DAY)
    assert delete_in_batches(Session.objects.all(), until=0.0) == BATCH
    assert delete_in_batches(Session.objects.all(), until=time.monotonic() + 60) == 2 * BATCH


def test_it_gives_each_kind_its_turn_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "SLICE", 0.02)
    add_sessions(3 * BATCH, -DAY)
    AccessLog.objects.create(username="ana")
    AccessLog.objects.update(attempt_time=timezone.now() - 400 * DAY)
    gone = run_cleanup()
    assert (gone["sessions"], gone["log-ins"]) == (3 * BATCH, 1)


@pytest.mark.clock
@pytest.mark.django_db(transaction=True)
def test_it_lets_others_write_meanwhile(ana: User) -> None:
    add_sessions(8_000, -DAY)
    cleaner = threading.Thread(target=lambda: (run_cleanup(), connection.close()))
    waits: list[float] = []
    cleaner.start()
    while cleaner.is_alive():
        began = time.monotonic()
        with write_transaction():
            User.objects.filter(pk=ana.pk).update(first_name="Ana")
        waits.append(time.monotonic() - began)
        time.sleep(0.001)
    cleaner.join()
    assert not Session.objects.exists()
    waits.sort()
    assert len(waits) > 40
    assert waits[len(waits) * 95 // 100] < 0.1
