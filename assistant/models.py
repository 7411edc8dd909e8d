"""Which processes of this installation are alive, and what staff did that can be undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """A process says every few seconds that it is there, by writing: so it shows, too, that one can write."""

    class Kind(models.TextChoices):
        WEB = "web", "Web server"
        CHAT = "chat", "Chat worker"
        TRAINING = "training", "Training worker"
        BEAT = "beat", "Clock"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    process = models.CharField(max_length=100, help_text="Host and process id.")
    seen = models.DateTimeField(help_text="By the database's clock.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "process"], name="one_heartbeat_per_process")]

    def __str__(self) -> str:
        return f"{self.kind} {self.process}"


class ChangeSet(models.Model):
    """One step of staff that can be undone as a whole. `label` says what was done, `undo_label` what is so once it is
    undone. `about`: the bot or conversation that it belongs to, as `training.bot:1`. `undone`: when it was undone, or
    when another step took back what it had changed."""

    label = models.CharField(max_length=300)
    undo_label = models.CharField(max_length=300, blank=True)
    about = models.CharField(max_length=100)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    undone = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["about", "created"], name="change_sets_about"),
            models.Index(fields=["created"], name="change_sets_by_age"),
        ]

    def __str__(self) -> str:
        return self.label


class Change(models.Model):
    """What a change set did to one row: its fields `before` (None where it was made) and `after` (None where it was
    deleted for good). `model` is a label, as `training.example`. `takes_back`: the set did it to take back what an
    earlier one had done, before it did its own."""

    change_set = models.ForeignKey(ChangeSet, models.CASCADE, related_name="changes")
    model = models.CharField(max_length=100)
    row = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    takes_back = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["model", "row"], name="changes_of_a_row")]

    def __str__(self) -> str:
        return f"{self.model} {self.row}"
