"""The page of a job, and what the index page says of trainings."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assistant.engine import Progress, TrainingFailed
from tests.admin_ui.test_index import panels
from tests.admin_ui.test_versions import desk_with, page
from tests.training.conftest import TrainableBot, make_trainable_bot
from training.models import Job
from training.services import request_training, run_next_job, train_version
from training.services.job_queue import ProgressReporter, claim_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainable(db: None) -> TrainableBot:
    return make_trainable_bot()


def of(job: Job, act: str = "change") -> str:
    return f"/admin/training/job/{job.pk}/{act}/"


def test_it_says_what_a_job_waits_for(desk: Client, trainable: TrainableBot) -> None:
    first = request_training(bot=trainable.bot, by=None)
    trainable.more("ahoy")
    second = request_training(bot=trainable.bot, by=None)
    assert "as soon as a worker is free" in page(desk, of(first))
    assert "1 job of this bot comes first" in page(desk, of(second))
    assert (
        page(desk, "/admin/training/modelversion/queue/?bot__id__exact=" + str(trainable.bot.pk)).count("job-row") == 2
    )


def test_it_shows_a_long_queue_in_few_queries(
    desk: Client, trainable: TrainableBot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(9):
        Job.objects.create(bot=trainable.bot, kind="train", arguments={"number": number})
    claim_job(worker="w")
    with django_assert_max_num_queries(8):
        shown = page(desk, f"/admin/training/modelversion/queue/?bot__id__exact={trainable.bot.pk}")
    assert "waits for 1 job<" in shown
    assert "waits for 8 jobs<" in shown


def test_it_follows_a_training_step_by_step(desk: Client, trainable: TrainableBot) -> None:
    request_training(bot=trainable.bot, by=None)
    job = claim_job(worker="w")
    told = ProgressReporter(job)
    told(Progress("", 0, 0, 0.0, now="loading the engine"))
    assert "Loading the engine" in page(desk, of(job, "progress"))
    told(Progress("", 0, 0, 0.0, now="reading the data"))
    told._saved = 0.0
    told(Progress("Tokenizer", 1, 4, 2.5, now="Classifier", memory=300 * 1024**2, log="one line\n"))
    shown = page(desk, of(job, "progress"))
    assert all(words in shown for words in ("step 2 of 4", "Tokenizer", "2.5 s", "Classifier", "300.0", "one line"))
    assert "<html" not in shown
    assert "data-ended" not in shown


def test_it_cancels_after_a_question(desk: Client, trainable: TrainableBot) -> None:
    job = request_training(bot=trainable.bot, by=None)
    assert "It has not begun: nothing is lost." in page(desk, of(job))
    assert desk.get(of(job, "cancel")).status_code == 405
    shown = desk.post(of(job, "cancel"), follow=True).content.decode()
    assert "What is live has not changed." in shown
    assert "data-ended" in shown
    assert "cancelled already" in desk.post(of(job, "cancel"), follow=True).content.decode()


def test_it_says_what_went_wrong_and_where_to_mend_it(desk: Client, trainable: TrainableBot) -> None:
    trainable.failing("The intent greet has one example only.")
    with pytest.raises(TrainingFailed):
        train_version(bot=trainable.bot)
    shown = page(desk, of(Job.objects.get()))
    assert "The intent greet has one example only." in shown
    assert "Check the training data" in shown
    panel = panels(desk)["Training"]
    assert (panel.value, panel.attention) == ("Failed", True)
    assert desk.get(panel.url).status_code == 200


def test_it_leads_from_a_training_to_the_comparison(desk: Client, trainable: TrainableBot) -> None:
    request_training(bot=trainable.bot, by=None)
    assert panels(desk)["Training"].value == "Waits"
    assert run_next_job("worker")
    assert "Training" not in panels(desk)
    shown = page(desk, of(Job.objects.get()))
    assert f"/admin/training/modelversion/{Job.objects.get().version_id}/activate/" in shown


def test_it_shows_jobs_to_all_who_may_see_models_and_lets_trainers_cancel(
    stranger_desk: Client, trainable: TrainableBot
) -> None:
    job = request_training(bot=trainable.bot, by=None)
    viewer = desk_with("view_bot")
    assert "Cancel" not in page(viewer, of(job))
    assert viewer.post(of(job, "cancel")).status_code == 403
    assert {stranger_desk.get(of(job, act)).status_code for act in ("change", "progress")} == {403}
    assert viewer.get("/admin/training/job/999999/change/").status_code == 404
