"""Reads of jobs."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from training.models import Job

LEASE_SECONDS = 10.0  # a worker that was not heard of for so long is dead
LEASE_MARGIN = 2.0
UNFINISHED = (Job.Status.QUEUED, Job.Status.RUNNING)


def unfinished_jobs() -> QuerySet[Job]:
    """What runs, then what waits, in the order in which it will be done."""
    runs = Case(When(status=Job.Status.RUNNING, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Job.objects.filter(status__in=UNFINISHED).order_by(runs, "id")


def claimable_jobs() -> QuerySet[Job]:
    """What a worker could begin now, oldest first: the bots of these have nothing that runs."""
    busy = Job.objects.filter(status=Job.Status.RUNNING).values("bot")
    return Job.objects.filter(status=Job.Status.QUEUED).exclude(bot__in=busy).order_by("id")


def dead_jobs() -> QuerySet[Job]:
    """Jobs whose worker has not been heard of for longer than its lease, by the database's clock. A lease that lies
    further ahead than one can was written before that clock was set back."""
    too_far = Now() + timedelta(seconds=LEASE_SECONDS + LEASE_MARGIN)
    silent = Q(lease_until__lt=Now()) | Q(lease_until__gt=too_far)
    return Job.objects.filter(silent, status=Job.Status.RUNNING)


def job_counts() -> dict[str, int]:
    """How many jobs there are, by status."""
    counts = dict(Job.objects.order_by().values_list("status").annotate(Count("id")))
    return {status: counts.get(status, 0) for status in Job.Status.values}


def jobs_before(job: Job) -> int:
    """How many jobs of its bot come before a queued one."""
    return unfinished_jobs().filter(bot=job.bot_id).filter(id__lt=job.pk).count()
