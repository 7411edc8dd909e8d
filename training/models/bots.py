"""Bots, the files they were imported from, and which of their versions is live where."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from training.models.versions import ModelVersion

MAIN = "main"
PRODUCTION = "production"


class Bot(models.Model):
    """An assistant of its own: its training data, its versions and its jobs. `main` answers visitors."""

    name = models.SlugField(max_length=60, unique=True)
    created = models.DateTimeField(auto_now_add=True)
    files_hash = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of the files that were taken in last."
    )

    class Meta:
        # Of this app; `assistant/roles.py` says which role has which.
        permissions = [
            ("edit_data", "Can change training data"),
            ("train_bot", "Can train, evaluate and compare"),
            ("activate_version", "Can put a version live and roll back"),
            ("upload_version", "Can upload a model"),
            ("download_version", "Can download a model"),
        ]

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


class Environment(models.Model):
    """Where a version is live. Changing `active_version` is what activating means."""

    bot = models.ForeignKey(Bot, models.CASCADE, related_name="environments")
    name = models.SlugField(max_length=60, default=PRODUCTION)
    # Protected, as a version that is live must not go.
    active_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, blank=True, related_name="live_in")
    activated = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "name"], name="one_environment_per_name")]

    def __str__(self) -> str:
        return f"{self.bot}/{self.name}"


class Activation(models.Model):
    """What went live where, and what it took the place of: rolling back activates that."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="activations")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="activations")
    previous = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.version_id} in {self.environment_id}"
