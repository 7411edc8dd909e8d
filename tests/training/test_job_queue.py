"""The queue: whatever workers, crashes and clicks do to each other, each job is done once or said to have failed."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine import Cancelled, Progress
from assistant.lib.errors import FrontdeskError
from tests.racing import all_at_once
from tests.running import until
from training.jobs import register_handler
from training.models import Bot, Job, ModelVersion
from training.selectors import jobs_before, unfinished_jobs
from training.services import cancel_job, job_queue, release_dead_jobs, request_job, run_next_job
from training.services.job_queue import ProgressReporter, claim_job, end_job, renew_lease, run_or_watch
from training.signals import job_queued

Status = Job.Status
pytestmark = pytest.mark.django_db
_done: list[int] = []


@register_handler("test")
def do_as_the_arguments_say(job, report_progress):
    """`arguments`: `raises`, an exception; `steps`, how often it reports."""
    for number in range(job.arguments.get("steps", 1)):
        report_progress(
            Progress(
                f"Step{number}", number + 1, job.arguments.get("steps", 1), 0.5, now="next", memory=7, log="line\n"
            )
        )
    if "says" in job.arguments:
        raise FrontdeskError(job.arguments["says"])
    if "breaks" in job.arguments:
        raise RuntimeError("of the inside")
    if job.arguments.get("loses_the_database", 0) >= job.attempts:
        raise OperationalError("server closed the connection unexpectedly")
    return lambda: _done.append(job.pk)


@pytest.fixture
def bot(db: None) -> Bot:
    return Bot.objects.create(name="faq")


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def expire() -> None:
    Job.objects.filter(status=Status.RUNNING).update(lease_until=timezone.now() - timedelta(minutes=1))


def test_it_does_what_was_requested_and_keeps_its_progress(bot: Bot) -> None:
    job = request_job(bot=bot, kind="test", by=None, steps=2)
    assert run_next_job("worker")
    job = fresh(job)
    assert (job.status, job.done, job.total, job.memory, job.log) == (Status.DONE, 2, 2, 7, "line\nline\n")
    assert job.steps == [{"name": "Step0", "seconds": 0.5}, {"name": "Step1", "seconds": 0.5}]
    assert job.started <= job.finished
    assert not run_next_job("worker")


def test_it_counts_what_is_done_around_the_components(bot: Bot) -> None:
    request_job(bot=bot, kind="test", by=None)
    reporter = ProgressReporter(claim_job(worker="w"))
    reporter._since -= 5  # before anything was reported
    for component, now in (("", "reading the data"), ("", "Classifier"), ("Classifier", ""), ("", "packing"), ("", "")):
        reporter(Progress(component, int(bool(component)), 1, 0.1, now=now))
    assert [step["name"] for step in reporter.steps] == ["reading the data", "Classifier", "packing"]
    assert reporter.steps[0]["seconds"] >= 5


def test_it_says_in_words_why_a_job_failed(bot: Bot) -> None:
    said = request_job(bot=bot, kind="test", by=None, says="There is no config.yml.")
    broke = request_job(bot=bot, kind="test", by=None, breaks=True)
    unknown = request_job(bot=bot, kind="nonsense", by=None)
    while run_next_job("worker"):
        pass
    assert fresh(said).error == "There is no config.yml."
    assert fresh(broke).error == "It failed unexpectedly (RuntimeError). The log says more."
    assert "of the inside" in fresh(broke).log
    assert "nonsense" in fresh(unknown).error


def test_it_begins_a_job_again_that_lost_the_database_but_not_for_ever(bot: Bot) -> None:
    once = request_job(bot=bot, kind="test", by=None, loses_the_database=1)
    always = request_job(bot=bot, kind="test", by=None, loses_the_database=9)
    while run_next_job("worker"):
        pass
    assert (fresh(once).status, fresh(once).attempts) == (Status.DONE, 2)
    assert "The database went away in the middle of it: it starts again." in fresh(once).log
    assert fresh(always).error.startswith("The database went away twice")


def test_it_frees_a_job_whose_lease_lies_ahead_of_a_clock_that_was_set_back(bot: Bot) -> None:
    job = request_job(bot=bot, kind="test", by=None)
    claim_job(worker="w")
    assert release_dead_jobs() == 0
    Job.objects.update(lease_until=timezone.now() + timedelta(hours=1))
    assert release_dead_jobs() == 1
    assert fresh(job).status == Status.QUEUED


def test_it_takes_the_same_request_twice_for_one(bot: Bot) -> None:
    first, second = (request_job(bot=bot, kind="test", by=None, steps=3) for _ in range(2))
    assert first == second
    assert request_job(bot=bot, kind="test", by=None, steps=4) != first
    assert request_job(bot=bot, kind="other", by=None, steps=3) != first
    assert request_job(bot=Bot.objects.create(name="other"), kind="test", by=None, steps=3) != first
    version = ModelVersion.objects.create(bot=bot, name="v")
    assert request_job(bot=bot, kind="test", by=None, version=version, steps=3) != first
    cancel_job(job=first, by=None)
    assert request_job(bot=bot, kind="test", by=None, steps=3) != first


def test_it_does_one_job_of_a_bot_at_a_time_and_others_meanwhile(bot: Bot) -> None:
    other = Bot.objects.create(name="other")
    first, second, third = (request_job(bot=of, kind="test", by=None, n=n) for n, of in enumerate([bot, bot, other]))
    assert [claim_job(worker=name) for name in "abc"] == [first, third, None]
    assert [job.pk for job in unfinished_jobs()] == [first.pk, third.pk, second.pk]
    assert jobs_before(second) == 1


def test_it_lets_one_of_many_threads_claim_a_job(transactional_db: None) -> None:
    bot = Bot.objects.create(name="faq")
    for n in range(3):
        request_job(bot=bot, kind="test", by=None, n=n)
    jobs = all_at_once(lambda number: claim_job(worker=f"w{number}"))
    assert [job.status for job in jobs if job] == [Status.RUNNING]


def test_it_takes_impatient_clicks_for_one_request(transactional_db: None) -> None:
    bot = Bot.objects.create(name="faq")
    asked = all_at_once(lambda number: request_job(bot=bot, kind="test", by=None))
    assert len(asked) == 8
    assert set(asked) == set(Job.objects.all())
    assert Job.objects.count() == 1


def test_it_cancels_what_waits_at_once_and_what_runs_when_it_reports_next(bot: Bot, ana: User) -> None:
    waits = request_job(bot=bot, kind="test", by=ana)
    assert cancel_job(job=waits, by=ana).status == Status.CANCELLED
    request_job(bot=bot, kind="test", by=ana)
    runs = claim_job(worker="w")
    assert cancel_job(job=runs, by=ana).status == Status.RUNNING
    with pytest.raises(Cancelled):
        ProgressReporter(runs)(Progress("", 0, 1, 0.0))
    with pytest.raises(FrontdeskError, match="cancelled already"):
        cancel_job(job=waits, by=ana)


def test_it_gives_a_dead_workers_job_to_another_once(bot: Bot) -> None:
    version = ModelVersion.objects.create(bot=bot, name="v")
    job = request_job(bot=bot, kind="train", by=None, version=version)
    seen = []
    for worker in ("first", "second"):
        assert claim_job(worker=worker) == job
        expire()
        assert release_dead_jobs() == 1
        version.refresh_from_db()
        seen.append((fresh(job).status, version.status))
    assert seen == [(Status.QUEUED, "queued"), (Status.FAILED, "failed")]
    assert "stopped twice" in fresh(job).error
    assert "starts again" in fresh(job).log


@register_handler("outlives its lease")
def outlive(job, report_progress):
    """Done once somebody has renewed the lease that had run out."""
    expire()
    until(lambda: fresh(job).lease_until > timezone.now(), 5, "a new lease")


def test_it_renews_the_lease_of_a_long_job(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "RENEW_EVERY", 0.02)
    job = request_job(bot=Bot.objects.create(name="faq"), kind="outlives its lease", by=None)
    assert run_next_job("worker")
    assert (fresh(job).status, fresh(job).error) == (Status.DONE, "")


def test_it_reports_what_another_worker_says_of_a_job(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(job_queue, "SAVE_EVERY", 0.0)
    job, heard = request_job(bot=bot, kind="test", by=None), []
    theirs = claim_job(worker="other")
    says = ProgressReporter(theirs)
    steps = iter(
        [
            lambda: says(Progress("", 0, 2, 0.0, now="reading")),
            lambda: says(Progress("First", 1, 2, 0.5, now="Second")),
            lambda: says(Progress("Second", 2, 2, 0.7)),
            lambda: end_job(job=theirs, status=Status.DONE, **says.fields()),
        ]
    )

    def hear(progress: Progress) -> None:
        heard.append((progress.component, progress.done, progress.total, progress.seconds, progress.now))
        if not progress.component:
            next(steps)()

    assert run_or_watch(fresh(job), hear).status == Status.DONE
    assert heard == [
        ("", 0, 0, 0.0, ""),
        ("", 0, 2, 0.0, "reading"),
        ("", 1, 2, 0.0, "Second"),
        ("First", 1, 2, 0.5, ""),
        ("", 2, 2, 0.0, ""),
        ("Second", 2, 2, 0.7, ""),
    ]


def test_it_keeps_the_end_of_a_long_log(bot: Bot) -> None:
    request_job(bot=bot, kind="test", by=None)
    reporter = ProgressReporter(claim_job(worker="w"))
    for part in ("a" * 60_000, "b" * 60_000, "end"):
        reporter(Progress("", 0, 1, 0.0, log=part))
    assert reporter.fields()["log"] == "a" * 39_997 + "b" * 60_000 + "end"


def test_it_does_what_was_asked_first_first(bot: Bot) -> None:
    asked = [request_job(bot=bot, kind="test", by=None, n=n) for n in range(3)]
    done = []
    while job := claim_job(worker="w"):
        done.append(job)
        assert end_job(job=job, status=Status.DONE)
    assert done == asked


def test_it_leaves_the_job_of_a_living_worker_alone(bot: Bot) -> None:
    request_job(bot=bot, kind="test", by=None)
    job = claim_job(worker="alive")
    assert release_dead_jobs() == 0
    assert renew_lease(job)


def test_it_lets_a_worker_that_comes_late_write_nothing(bot: Bot) -> None:
    request_job(bot=bot, kind="test", by=None)
    late = claim_job(worker="late")
    expire()
    release_dead_jobs()
    claim_job(worker="next")
    wrote = []
    assert not end_job(job=late, status=Status.DONE, finish=lambda: wrote.append(1))
    assert not renew_lease(late)
    with pytest.raises(Cancelled):
        ProgressReporter(late)(Progress("", 1, 1, 0.0))
    assert (wrote, fresh(late).status) == ([], Status.RUNNING)


def test_it_wakes_the_workers_once_the_request_is_stored(bot: Bot, django_capture_on_commit_callbacks) -> None:
    heard = []
    job_queued.connect(hear := lambda sender, job_id, **_: heard.append(job_id))
    with django_capture_on_commit_callbacks() as callbacks:
        job = request_job(bot=bot, kind="test", by=None)
    assert heard == []
    for callback in callbacks:
        callback()
    job_queued.disconnect(hear)
    assert heard == [job.pk]


# --- every interleaving

WORKERS = 3
steps = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 1)),
    st.tuples(st.just("step"), st.integers(0, WORKERS - 1)),
    st.tuples(st.just("crash"), st.integers(0, WORKERS - 1)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("expire"), st.just(0)),
    st.tuples(st.just("sweep"), st.just(0)),
)


class Worker:
    """A worker that can be stopped between any two of its steps: claim, report, end."""

    def __init__(self, name, ended):
        self.name, self.ended = name, ended
        self.crash()

    def crash(self):
        self.job, self.reported = None, False

    def step(self):
        if self.job is None:
            self.job = claim_job(worker=self.name)
        elif not self.reported:
            self._tell()
        else:
            end_job(job=self.job, status=Status.DONE, finish=self._finish)
            self.crash()

    def _tell(self):
        try:
            ProgressReporter(self.job)(Progress("Echo", 1, 1, 0.0))
            self.reported = True
        except Cancelled:
            end_job(job=self.job, status=Status.CANCELLED)
            self.crash()

    def _finish(self):
        self.ended.append(self.job.pk)
        ModelVersion.objects.filter(pk=self.job.version_id).update(status="ready")


@given(st.lists(steps, min_size=5, max_size=50))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_tells_the_truth_however_steps_fall(db: None, story: list[tuple[str, int]]) -> None:
    Bot.objects.all().delete()
    bots = [Bot.objects.create(name=name) for name in ("left", "right")]
    ended: list[int] = []
    workers = [Worker(f"w{n}", ended) for n in range(WORKERS)]
    numbers = count()
    for step, number in story:
        if step == "ask":
            _ask(bots[number], next(numbers))
        elif step == "cancel":
            _cancel(number)
        elif step == "expire":
            expire()
        elif step == "sweep":
            release_dead_jobs()
        else:
            getattr(workers[number], step)()
        _assert_truthful(ended)
    _work_off(ended)
    assert not unfinished_jobs().exists()


def _ask(bot, number):
    version = ModelVersion.objects.create(bot=bot, name=f"{bot.name}-{number}")
    request_job(bot=bot, kind="train", by=None, version=version)


def _cancel(number):
    to_do = list(unfinished_jobs())
    if to_do:
        cancel_job(job=to_do[number % len(to_do)], by=None)


def _assert_truthful(ended):
    means = {"queued": "queued", "running": "training", "done": "ready", "failed": "failed", "cancelled": "cancelled"}
    rows = list(Job.objects.select_related("version"))
    runs = [job.bot_id for job in rows if job.status == Status.RUNNING]
    assert len(runs) == len(set(runs))
    assert [job.version.status for job in rows] == [means[job.status] for job in rows]
    assert sorted(ended) == sorted(job.pk for job in rows if job.status == Status.DONE)


def _work_off(ended):
    expire()
    release_dead_jobs()
    worker = Worker("last", ended)
    for _ in range(3 * Job.objects.count() + 3):
        worker.step()
