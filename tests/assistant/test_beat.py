"""Beat goes on whatever happens to the clock, and says little where the broker is away."""

from __future__ import annotations

import pickle
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import time_machine
from kombu.exceptions import OperationalError

from assistant.celery import app
from assistant.lib.beat import Scheduler, monotonic_now

HOUR = timedelta(hours=1)
SWEEPS = ["conversations.sweep", "training.sweep"]


class Recording(Scheduler):
    def __init__(self, folder: Path) -> None:
        self.sent: list[str] = []
        super().__init__(app, schedule_filename=str(folder / "beat"))

    def apply_async(self, entry: Any, **_: Any) -> None:
        self.sent.append(entry.task)

    def sent_after(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
        self.sent, now = [], time.monotonic() + seconds
        with monkeypatch.context() as patch:
            patch.setattr(time, "monotonic", lambda: now)
            while self.tick() == 0:
                pass
        return sorted(self.sent)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_it_sweeps_on_when_the_clock_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: timedelta) -> None:
    scheduler = Recording(tmp_path)
    assert scheduler.sent_after(monkeypatch, 3) == SWEEPS
    with time_machine.travel(datetime.now(timezone.utc) + step):
        assert scheduler.sent_after(monkeypatch, 4) == []
        assert scheduler.sent_after(monkeypatch, 6) == sorted([*SWEEPS, "training.fill_vectors"])
    scheduler.close()


def test_it_begins_at_once_where_the_clock_was_set_back_since_it_last_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Recording(tmp_path)
    for entry in before.schedule.values():
        entry.last_run_at = monotonic_now() + HOUR
    before.close()
    now = Recording(tmp_path)
    assert {*SWEEPS, "assistant.clean"} <= set(now.sent_after(monkeypatch, 0))
    assert now.sent_after(monkeypatch, 1) == []
    now.close()


def test_it_says_in_one_line_that_the_broker_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = Scheduler(app, schedule_filename=str(tmp_path / "beat"))

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("redis://:secret@10.0.0.1 is away")

    monkeypatch.setattr(app.tasks["conversations.sweep"], "apply_async", fail)
    scheduler.apply_entry(scheduler.schedule["sweep-unanswered"])
    assert caplog.messages == ["conversations.sweep could not be queued: OperationalError"]
    scheduler.close()


def test_it_reads_schedule_files_of_older_versions() -> None:
    every = pickle.loads(b"cassistant.lib.beat\nEvery\n(F2.0\nI00\ncassistant.lib.beat\nsteady_now\ntR.")
    assert (every.seconds, every.nowfun) == (2.0, monotonic_now)
