"""Versions: how they are made, named and described."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone as clock

from assistant.engine import Progress, TrainingFailed
from assistant.engine.archives import verify
from tests.training.conftest import TrainableBot
from training.models import Job, ModelVersion
from training.services import activate_version, describe_version, request_training, train_version
from training.services.job_queue import claim_job


def commanded(*options: str) -> str:
    out = io.StringIO()
    call_command("train_model", "--bot", "faq", *options, stdout=out)
    return out.getvalue()


def test_it_makes_a_signed_version_of_the_training_data_as_it_is_now(trainable: TrainableBot, ana: User) -> None:
    first = train_version(bot=trainable.bot, by=ana, note="The first")
    verify(first.for_engine())
    assert (first.status, first.note, first.created_by, first.parent) == ("ready", "The first", ana, None)
    assert first.training_set.example_count == 6
    activate_version(version=first)
    trainable.more("howdy")
    second = train_version(bot=trainable.bot)
    assert (second.parent, second.training_set.example_count) == (first, 7)


def test_it_calls_versions_after_their_bot_and_minute(trainable: TrainableBot, time_machine) -> None:
    time_machine.move_to(datetime(2026, 11, 21, 12, 9, tzinfo=timezone.utc), tick=False)
    names = [train_version(bot=trainable.bot).name for _ in range(3)]
    assert names == ["faq-20261121-1209", "faq-20261121-1209-2", "faq-20261121-1209-3"]


def test_it_trains_the_same_data_once_however_often_it_is_asked(trainable: TrainableBot) -> None:
    first = request_training(bot=trainable.bot, by=None)
    assert request_training(bot=trainable.bot, by=None) == first
    trainable.more("howdy")
    assert request_training(bot=trainable.bot, by=None) != first


def test_it_keeps_a_failed_version_and_what_was_live(trainable: TrainableBot) -> None:
    live = train_version(bot=trainable.bot)
    place = activate_version(version=live)
    trainable.failing("There is no rule for greet.")
    with pytest.raises(TrainingFailed, match="no rule for greet"):
        train_version(bot=trainable.bot)
    failed = ModelVersion.objects.get(status="failed")
    place.refresh_from_db()
    assert (failed.error, failed.path.exists(), place.active_version) == ("There is no rule for greet.", False, live)


def test_it_shows_the_training_step_by_step(trainable: TrainableBot) -> None:
    trainable.slowly(0.3, steps=3)
    said = commanded("--note", "Slow", "--activate", "production")
    assert [line.split(" (")[0] for line in said.splitlines()[:3]] == ["  1/3 Echo1", "  2/3 Echo2", "  3/3 Echo3"]
    assert "live in production" in said


def test_it_waits_for_its_turn_and_takes_over_from_the_dead(trainable: TrainableBot) -> None:
    request_training(bot=trainable.bot, by=None)
    claim_job(worker="dies")
    trainable.more("howdy")
    waited: list[str] = []

    def bury(progress: Progress) -> None:
        waited.append(progress.now)
        Job.objects.filter(worker__startswith="dies").update(lease_until=clock.now() - timedelta(minutes=1), attempts=2)

    assert train_version(bot=trainable.bot, on_progress=bury).status == "ready"
    assert waited[0] == "waiting for its turn"


def test_it_cancels_when_it_is_interrupted(trainable: TrainableBot) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_version(bot=trainable.bot, on_progress=interrupt)
    assert (Job.objects.get().status, ModelVersion.objects.get().status) == ("cancelled", "cancelled")


def test_it_says_why_a_command_can_not_train(trainable: TrainableBot) -> None:
    with pytest.raises(CommandError, match="There is no bot 'nobody'"):
        call_command("train_model", "--bot", "nobody")
    trainable.failing("No.")
    with pytest.raises(CommandError, match="No\\."):
        commanded()


def test_it_keeps_what_staff_say_is_new(trainable: TrainableBot, ana: User) -> None:
    version = describe_version(version=train_version(bot=trainable.bot), note="  Knows ahoy " + "x" * 300, by=ana)
    version.refresh_from_db()
    assert version.note.startswith("Knows ahoy x")
    assert len(version.note) == 200
