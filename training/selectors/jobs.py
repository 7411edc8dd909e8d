"""Reads of the queue."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Now

from training.models import Job

LEASE_SECONDS = 10.0  # a worker that was not heard of for so long is dead
LEASE_MARGIN = 2.0
TO_DO = (Job.Status.QUEUED, Job.Status.RUNNING)


def queue() -> QuerySet[Job]:
    """What runs, then what waits, in the order in which it will be done."""
    runs = Case(When(status=Job.Status.RUNNING, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Job.objects.filter(status__in=TO_DO).order_by(runs, "id")


def claimable() -> QuerySet[Job]:
    """What a worker could begin now, oldest first: the bots of these have nothing that runs."""
    busy = Job.objects.filter(status=Job.Status.RUNNING).values("bot")
    return Job.objects.filter(status=Job.Status.QUEUED).exclude(bot__in=busy).order_by("id")


def dead() -> QuerySet[Job]:
    """Jobs whose worker has not been heard of for longer than its lease, by the database's clock. A lease that lies
    further ahead than one can was written before that clock was set back."""
    too_far = Now() + timedelta(seconds=LEASE_SECONDS + LEASE_MARGIN)
    silent = Q(lease_until__lt=Now()) | Q(lease_until__gt=too_far)
    return Job.objects.filter(silent, status=Job.Status.RUNNING)


def count_by_status() -> dict[str, int]:
    counts = dict(Job.objects.order_by().values_list("status").annotate(Count("id")))
    return {status: counts.get(status, 0) for status in Job.Status.values}


def jobs_before(job: Job) -> int:
    """How many jobs of its bot come before a queued one."""
    return queue().filter(bot=job.bot_id).filter(id__lt=job.pk).count()
