"""Trained versions, what each was trained on, and how well each did."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models

from assistant.engine import Model


class TrainingSet(models.Model):
    """All that a version is trained on, frozen when the training was asked for. `packed` is gzipped JSON:
    `{"files": {path: YAML text}, "examples": [[intent, text], ...]}`; `sha256` is that of the JSON."""

    bot = models.ForeignKey("training.Bot", models.CASCADE, related_name="training_sets")
    sha256 = models.CharField("SHA-256", max_length=64)
    packed = models.BinaryField()
    example_count = models.PositiveIntegerField("examples")
    intent_count = models.PositiveIntegerField("intents")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "sha256"], name="one_training_set_per_content")]

    def __str__(self) -> str:
        return f"{self.example_count} examples of {self.intent_count} intents"


class ModelVersion(models.Model):
    """One that was deleted stays as a row: messages, activations and jobs say which version it was."""

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        TRAINING = "training", "Training"
        QUARANTINED = "quarantined", "Quarantined"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        DELETED = "deleted", "Deleted"

    class Origin(models.TextChoices):
        TRAINED = "trained", "Trained here"
        UPLOADED = "uploaded", "Uploaded"

    bot = models.ForeignKey("training.Bot", models.CASCADE, related_name="versions")
    name = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.QUEUED)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.TRAINED)
    note = models.CharField(max_length=200, blank=True, help_text="What is new in it.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    # What was live when it was made, and what its page compares it with.
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    # Empty for an upload, of which nobody knows, and for a deleted version whose set was cleaned up.
    training_set = models.ForeignKey(TrainingSet, models.PROTECT, null=True, blank=True, related_name="versions")
    # Of the archive, and our word for it: without both it is not loaded (`assistant.engine.archives`).
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    signature = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField("size in bytes", default=0)
    train_seconds = models.FloatField(null=True, blank=True)
    memory = models.PositiveBigIntegerField("most memory in training, in bytes", default=0)
    history_turns = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many turns an answer can depend on; empty: all of them."
    )
    error = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    deleted = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where its archive is once it is ready."""
        return settings.VAR_DIR / "models" / f"{self.name}.tar.gz"

    @property
    def quarantine_path(self) -> Path:
        """Where an upload is until it was checked."""
        return settings.VAR_DIR / "models" / "quarantine" / f"{self.name}.tar.gz"

    def for_engine(self) -> Model:
        """As the engine wants it: plain data."""
        return Model(self.name, self.path, self.sha256, self.signature)


class Evaluation(models.Model):
    """How often a version (or, cross-validated, a training set) names the right intent.

    `report` is what `training.reports` makes: accuracy, macro F1, per intent precision, recall and F1 with their
    counts and 95 % intervals, the confusion matrix, and the errors, worst first.
    """

    class Kind(models.TextChoices):
        HELD_OUT = "held_out", "Held-out messages"
        CROSS_VALIDATION = "cross_validation", "Cross-validation"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="evaluations")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    # Of a cross-validation.
    seed = models.PositiveIntegerField(default=0)
    folds = models.PositiveSmallIntegerField(default=0)
    example_count = models.PositiveIntegerField("examples", default=0)
    accuracy = models.FloatField(null=True, blank=True)
    macro_f1 = models.FloatField("macro F1", null=True, blank=True)
    report = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.version_id}"
