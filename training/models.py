"""Bots, what they are trained on, their trained versions, and which version is live where."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models

from assistant.engine import Model

MAIN = "main"
PRODUCTION = "production"


class Bot(models.Model):
    name = models.SlugField(max_length=60, unique=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class BotFile(models.Model):
    """One YAML file of an imported project. A bot without files is the starter: the union of the skills."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="files")
    path = models.CharField(max_length=255)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "path"], name="one_file_per_path")]
        ordering = ["path"]

    def __str__(self) -> str:
        return f"{self.bot_id}:{self.path}"


class ModelVersion(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        TRAINING = "training", "Training"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="versions")
    name = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    signature = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    train_seconds = models.FloatField(null=True, blank=True)
    history_turns = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many turns an answer can depend on; empty: all of them."
    )
    error = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return settings.VAR_DIR / "models" / f"{self.name}.tar.gz"

    def for_engine(self) -> Model:
        return Model(self.name, self.path, self.sha256, self.signature)


class Environment(models.Model):
    """Where a version is live. Changing `active_version` is what activating means."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="environments")
    name = models.SlugField(max_length=60, default=PRODUCTION)
    active_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, blank=True, related_name="live_in")
    activated = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "name"], name="one_environment_per_name")]

    def __str__(self) -> str:
        return f"{self.bot}/{self.name}"
