"""Model versions, environments, jobs and evaluations."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assistant.lib.api.serializers import IdField, JsonObjectField, StrictSerializer
from training.api.serializers.bots import STAFF, BotQuerySerializer, OptionalBotQuerySerializer
from training.models import PRODUCTION, Environment, Evaluation, Job, ModelVersion

NUMBER = {"default": None, "allow_null": True}


class VersionFilterSerializer(BotQuerySerializer):
    """Without a status, deleted versions are left out."""

    status = serializers.ChoiceField(ModelVersion.Status.choices, required=False)
    origin = serializers.ChoiceField(ModelVersion.Origin.choices, required=False)


class JobFilterSerializer(BotQuerySerializer):
    """Together they narrow; what is left out narrows nothing."""

    status = serializers.ChoiceField(Job.Status.choices, required=False)
    kind = serializers.CharField(max_length=30, required=False)


class TrainSerializer(StrictSerializer):
    """A note for the list of versions."""

    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="", help_text="What is new.")


class UploadSerializer(StrictSerializer):
    """The parts of the form."""

    file = serializers.FileField(help_text="A `.tar.gz` that Rasa 3.6.21 trained.")
    sha256 = serializers.RegexField(
        r"^[0-9a-fA-F]{64}$", required=False, default="", help_text="Checked where it is given."
    )
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class EnvironmentNameSerializer(StrictSerializer):
    """Where: production, if nothing is said."""

    environment = serializers.SlugField(max_length=60, required=False, default=PRODUCTION)


class RollbackSerializer(EnvironmentNameSerializer):
    """Where, and what was live there when it was looked at."""

    seen = IdField(
        required=False,
        help_text="The environment's `activation` that you saw: where another came since, the answer is 409. So a "
        "request that is sent twice goes back once.",
    )


class EvaluateSerializer(StrictSerializer):
    """How to evaluate."""

    kind = serializers.ChoiceField(Evaluation.Kind.choices, default=Evaluation.Kind.HELD_OUT)


class ComparisonQuerySerializer(OptionalBotQuerySerializer):
    """Two versions and the kind of evaluation to compare them by."""

    left = serializers.CharField(max_length=100, help_text="Name of a version.")
    right = serializers.CharField(max_length=100, help_text="Name of another version of the same bot.")
    kind = serializers.ChoiceField(Evaluation.Kind.choices, default=Evaluation.Kind.HELD_OUT)


class VersionSerializer(serializers.ModelSerializer):
    """A model and where it came from."""

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


class JobSerializer(serializers.ModelSerializer):
    """Work that takes long, and how far it is."""

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


class JobDetailSerializer(JobSerializer):
    """A job with its log and the memory that it took."""

    class Meta:
        model = Job
        fields = (*JobSerializer.Meta.fields, "memory", "log")


class StartedJobSerializer(serializers.Serializer):
    """Look at the job until its status is `done`, `failed` or `cancelled`."""

    job = JobSerializer()
    version = VersionSerializer(allow_null=True)


class EnvironmentSerializer(serializers.ModelSerializer):
    """A place where one version is live."""

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


class EvaluationSerializer(serializers.ModelSerializer):
    """How well a version understood messages whose intents are known."""

    version = serializers.CharField(source="version.name")
    examples = serializers.IntegerField(source="example_count")

    class Meta:
        model = Evaluation
        fields = ("id", "version", "kind", "examples", "folds", "seed", "accuracy", "macro_f1", "created")


class EvaluationDetailSerializer(EvaluationSerializer):
    """An evaluation with its report."""

    report = JsonObjectField(help_text="Per intent precision, recall and F1 with 95 % intervals; confusion; errors.")

    class Meta:
        model = Evaluation
        fields = (*EvaluationSerializer.Meta.fields, "report")


class ChangedMessageSerializer(serializers.Serializer):
    """A message that only one of the two understood."""

    text = serializers.CharField()
    right = serializers.CharField(help_text="The right intent.")
    guessed = serializers.CharField(help_text="What the version that was wrong took it for.")
    better = serializers.BooleanField(help_text="The right-hand version has it right.")


class IntentRecallSerializer(serializers.Serializer):
    """How many messages of an intent each of the two found."""

    intent = serializers.CharField()
    messages = serializers.IntegerField()
    recall_left = serializers.FloatField()
    recall_right = serializers.FloatField()


class ComparisonSerializer(serializers.Serializer):
    """Two versions on the same messages."""

    left = VersionSerializer()
    right = VersionSerializer()
    kind = serializers.ChoiceField(Evaluation.Kind.choices)
    messages = serializers.IntegerField(help_text="Messages that both were asked.")
    accuracy_left = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="The share, and both ends of its 95 % interval."
    )
    accuracy_right = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    better = serializers.IntegerField()
    worse = serializers.IntegerField()
    may_be_chance = serializers.BooleanField(help_text="Sign test at 5 % on the messages that changed.")
    changes = ChangedMessageSerializer(many=True)
    intents = IntentRecallSerializer(many=True)
