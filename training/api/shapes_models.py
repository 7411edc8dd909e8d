"""Shapes of what the API says about models and jobs."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assistant.lib.api.asked import Json
from training.models import Environment, Evaluation, Job, ModelVersion

STAFF = {"default": None, "allow_null": True, "help_text": "User name of the member of staff."}
NUMBER = {"default": None, "allow_null": True}


class VersionShape(serializers.ModelSerializer):
    bot = serializers.CharField(source="bot.name")
    parent = serializers.CharField(source="parent.name", default=None, allow_null=True)
    created_by = serializers.CharField(source="created_by.username", **STAFF)
    examples = serializers.IntegerField(source="training_set.example_count", **NUMBER)
    intents = serializers.IntegerField(source="training_set.intent_count", **NUMBER)
    live_in = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = (
            "name",
            "bot",
            "status",
            "origin",
            "note",
            "created",
            "created_by",
            "parent",
            "examples",
            "intents",
            "sha256",
            "size",
            "train_seconds",
            "memory",
            "history_turns",
            "error",
            "live_in",
        )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_live_in(self, row: ModelVersion) -> list[str]:
        """The environments in which it answers."""
        return [place.name for place in row.live_in.all()]


class Step(serializers.Serializer):
    """What was finished."""

    name = serializers.CharField(required=False)
    seconds = serializers.FloatField(required=False)


class JobShape(serializers.ModelSerializer):
    bot = serializers.CharField(source="bot.name")
    version = serializers.CharField(source="version.name", default=None, allow_null=True)
    requested_by = serializers.CharField(source="requested_by.username", **STAFF)
    done = serializers.IntegerField(help_text="Steps that are through, of `total`.")

    class Meta:
        model = Job
        fields = (
            "id",
            "bot",
            "kind",
            "version",
            "status",
            "step",
            "done",
            "total",
            "created",
            "started",
            "finished",
            "requested_by",
            "cancel_asked",
            "error",
        )


class JobWithLog(JobShape):
    class Meta:
        model = Job
        fields = (*JobShape.Meta.fields, "memory", "log")


class Begun(serializers.Serializer):
    """Look at the job until its status is `done`, `failed` or `cancelled`."""

    job = JobShape()
    version = VersionShape(allow_null=True)


class EnvironmentShape(serializers.ModelSerializer):
    bot = serializers.CharField(source="bot.name")
    version = serializers.CharField(source="active_version.name", default=None, allow_null=True)
    activation = serializers.SerializerMethodField()

    class Meta:
        model = Environment
        fields = ("bot", "name", "version", "activated", "activation")

    def get_activation(self, row: Environment) -> int | None:
        """The number of the newest: what a rollback takes as `seen`."""
        newest = row.activations.first()
        return newest.pk if newest else None


class EvaluationShape(serializers.ModelSerializer):
    version = serializers.CharField(source="version.name")
    examples = serializers.IntegerField(source="example_count")

    class Meta:
        model = Evaluation
        fields = ("id", "version", "kind", "examples", "folds", "seed", "accuracy", "macro_f1", "created")


class EvaluationWithReport(EvaluationShape):
    report = Json(help_text="Per intent precision, recall and F1 with 95 % intervals; confusion; errors.")

    class Meta:
        model = Evaluation
        fields = (*EvaluationShape.Meta.fields, "report")
