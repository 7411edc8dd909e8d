"""The queue of what takes long. The row is the job."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from training.models.bots import Bot
from training.models.versions import ModelVersion


class Job(models.Model):
    """Work on one bot, one at a time: training, evaluations, checks of uploads and of data, replays.

    `kind` names its handler (`training.jobs`), `arguments` are the handler's. A worker claims a queued row by an atomic
    update and renews `lease_until` while it works; a dead worker's job is queued once more.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=30)
    version = models.ForeignKey(ModelVersion, models.CASCADE, null=True, blank=True, related_name="jobs")
    arguments = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=64, blank=True)
    # By the database's clock: workers on several machines may have different ones.
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    step = models.CharField(max_length=200, blank=True)
    # Its progress is `done` of `total`; `step` says in words what it does now.
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    steps = models.JSONField(default=list, blank=True, help_text="What was finished: name and seconds.")
    memory = models.PositiveBigIntegerField("most memory, in bytes", default=0)
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot"], condition=Q(status="running"), name="one_running_job_per_bot")
        ]
        # Of the few that are not done yet: workers look for these all the time.
        indexes = [
            models.Index(fields=["id"], condition=Q(status__in=["queued", "running"]), name="jobs_to_do"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.version or self.bot)
