"""Putting a version live, and the way back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from assistant.engine import Model, ModelRefused
from assistant.engine.fake import FakeEngine
from assistant.lib.cleanup import run_cleanup
from assistant.lib.errors import FrontdeskError
from training.models import PRODUCTION, Activation, Bot, Environment, Job, ModelVersion
from training.services import activate_version, delete_version, roll_back, warm_up_live_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db: None) -> Bot:
    return Bot.objects.create(name="faq")


def ready(bot: Bot, name: str) -> ModelVersion:
    return ModelVersion.objects.create(bot=bot, name=name, status="ready")


def live(bot: Bot) -> ModelVersion | None:
    return Environment.objects.get(bot=bot, name=PRODUCTION).active_version


def test_it_writes_down_what_went_live_and_what_it_took_the_place_of(bot: Bot, ana: User) -> None:
    old, new = ready(bot, "old"), ready(bot, "new")
    for version in (old, new, new):
        activate_version(version=version, by=ana)
    rows = Activation.objects.order_by("id").values_list("version__name", "previous__name", "by__username")
    assert list(rows) == [("old", None, "ana"), ("new", "old", "ana")]
    assert [entry.changes for entry in LogEntry.objects.order_by("id")] == [
        {"active_version": [None, "old"]},
        {"active_version": ["old", "new"]},
    ]


def test_it_goes_back_and_forth(bot: Bot, ana: User) -> None:
    for name in ("old", "new"):
        place = activate_version(version=ready(bot, name), by=ana)
    assert str(roll_back(environment=place, by=ana).active_version) == "old"
    assert str(roll_back(environment=place, by=ana).active_version) == "new"


def test_it_does_not_roll_back_what_somebody_else_just_did(bot: Bot, ana: User) -> None:
    for name in ("old", "new"):
        place = activate_version(version=ready(bot, name), by=ana)
    seen = place.activations.first().pk
    roll_back(environment=place, by=ana, seen=seen)
    with pytest.raises(FrontdeskError, match="meanwhile"):
        roll_back(environment=place, by=ana, seen=seen)
    assert str(live(bot)) == "old"


def test_it_goes_nowhere_where_nothing_was_before(bot: Bot, ana: User) -> None:
    place = activate_version(version=ready(bot, "first"), by=ana)
    with pytest.raises(FrontdeskError, match="nothing to go back to"):
        roll_back(environment=place, by=ana)


@pytest.mark.parametrize("status", ["queued", "training", "quarantined", "failed", "cancelled"])
def test_it_puts_live_only_what_is_ready(bot: Bot, status: str) -> None:
    version = ModelVersion.objects.create(bot=bot, name="v", status=status)
    with pytest.raises(FrontdeskError, match="can't go live"):
        activate_version(version=version)
    assert not Activation.objects.exists()


def test_it_keeps_one_order_of_activations_whoever_is_first(transactional_db: None) -> None:
    bot = Bot.objects.create(name="faq")
    versions = [ready(bot, f"v{n}") for n in range(6)]
    activate_version(version=versions[0])

    def put_live(version: ModelVersion) -> None:
        activate_version(version=version)
        connection.close()

    threads = [threading.Thread(target=put_live, args=(version,)) for version in versions[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = list(Activation.objects.order_by("id"))
    assert [row.previous for row in rows] == [None, *(row.version for row in rows[:-1])]
    assert live(bot) == rows[-1].version


def test_it_deletes_a_version_and_its_file_an_hour_later(bot: Bot, ana: User) -> None:
    version = ready(bot, "old")
    version.path.parent.mkdir(exist_ok=True)
    version.path.write_bytes(b"model")
    delete_version(version=version, by=ana)
    assert LogEntry.objects.get().changes == {"name": ["old", None]}
    run_cleanup()
    assert version.path.exists()
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        run_cleanup()
    assert not version.path.exists()


def test_it_looks_at_no_message_when_a_version_is_deleted(
    bot: Bot, ana: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = ready(bot, "first"), ready(bot, "second")
    activate_version(version=first)
    place = activate_version(version=second)
    with django_assert_max_num_queries(12) as done:
        delete_version(version=first, by=ana)
    assert not any("conversations_message" in query["sql"] for query in done.captured_queries)
    with pytest.raises(FrontdeskError, match="first is deleted"):
        roll_back(environment=place, by=ana)
    with pytest.raises(FrontdeskError, match="first is deleted"):
        activate_version(version=first, by=ana)
    assert live(bot) == second


def test_it_deletes_nothing_that_is_live_or_worked_on(bot: Bot, ana: User) -> None:
    at_work, online = ready(bot, "at-work"), ready(bot, "online")
    Job.objects.create(bot=bot, kind="evaluate", version=at_work)
    activate_version(version=online)
    for version, words in ((at_work, "A job works on it"), (online, "online is live")):
        with pytest.raises(FrontdeskError, match=words):
            delete_version(version=version, by=ana)
    assert ModelVersion.objects.count() == 2


def test_it_warms_up_what_can_be_loaded_whatever_can_not(
    bot: Bot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, loaded = Bot.objects.create(name="other"), []
    for of, name in ((bot, "broken"), (other, "good")):
        activate_version(version=ready(of, name))

    def load(engine: FakeEngine, model: Model) -> None:
        if model.version == "broken":
            raise ModelRefused("The archive is not ours.")
        loaded.append(model.version)

    monkeypatch.setattr(FakeEngine, "load", load)
    warm_up_live_models()
    assert loaded == ["good"]
    assert caplog.messages == ["broken could not be loaded: The archive is not ours."]
