"""Which processes of this installation are alive."""

from __future__ import annotations

from django.db import models


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
