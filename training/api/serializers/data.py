"""Training data: examples, intents, responses, synonyms and what is wrong with them."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.serializers import MAX_BIGINT, IdListField, JsonObjectField, StrictSerializer
from training.api.serializers.bots import STAFF, BotQuerySerializer
from training.findings import Kind, Severity
from training.models import Example, Intent, Response, Synonym

NAME = {"max_length": 255}
TEXT = {"max_length": 4000}
REVISION = {"min_value": 1, "max_value": MAX_BIGINT, "help_text": "As you saw it: 409 where it was changed since."}
SEEN = {
    "default": 0,
    "min_value": 0,
    "max_value": MAX_BIGINT,
    "help_text": "That of the response as you saw it, 0 where there was none: 409 where it is another one by now.",
}


class ExampleFilterSerializer(BotQuerySerializer):
    """Together they narrow; what is left out narrows nothing."""

    intent = serializers.CharField(**NAME, required=False)
    use = serializers.ChoiceField(Example.Use.choices, required=False)
    origin = serializers.ChoiceField(Example.Origin.choices, required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="Part of the text, in whatever case.")


class NewExampleSerializer(StrictSerializer):
    """A text under its intent."""

    intent = serializers.CharField(**NAME, help_text="Made where it is missing.")
    text = serializers.CharField(**TEXT)
    entities = serializers.ListField(
        child=JsonObjectField(),
        max_length=100,
        required=False,
        default=list,
        help_text="`{start, end, entity, value, ...}`",
    )
    use = serializers.ChoiceField(Example.Use.choices, default=Example.Use.TRAINING)
    move = serializers.BooleanField(default=False, help_text="Take the text away from other intents that have it.")


class ExampleChangeSerializer(StrictSerializer):
    """What is left out stays as it is."""

    revision = serializers.IntegerField(**REVISION)
    intent = serializers.CharField(**NAME, required=False)
    text = serializers.CharField(**TEXT, required=False)
    entities = serializers.ListField(child=JsonObjectField(), max_length=100, required=False)
    use = serializers.ChoiceField(Example.Use.choices, required=False)


class ExampleIdsSerializer(StrictSerializer):
    """Several examples; those that are not there any more are passed over."""

    ids = IdListField()


class ExampleMoveSerializer(ExampleIdsSerializer):
    """Several examples, and where they go."""

    intent = serializers.CharField(**NAME)


class HoldOutSerializer(ExampleIdsSerializer):
    """Several examples, kept for evaluation or trained on again."""

    held_out = serializers.BooleanField()


class RestoreSerializer(StrictSerializer):
    """Which deletion to undo."""

    mark = serializers.DateTimeField(help_text="From the deletion.")


class NewIntentSerializer(StrictSerializer):
    """The name of an intent that there is not yet."""

    name = serializers.CharField(**NAME)


class IntentChangeSerializer(StrictSerializer):
    """Another name, other answers, or both. `revision` belongs to the answers."""

    name = serializers.CharField(**NAME, required=False)
    answers = serializers.ListField(
        child=serializers.CharField(**TEXT), max_length=20, required=False, help_text="The bot says one of them."
    )
    revision = serializers.IntegerField(**SEEN)


class IntentMergeSerializer(StrictSerializer):
    """The intent that takes the examples."""

    into = serializers.CharField(**NAME, help_text="The intent that stays.")


class ResponseChangeSerializer(StrictSerializer):
    """All that the bot may say there: one variation is chosen each time."""

    variations = serializers.ListField(
        child=JsonObjectField(),
        min_length=1,
        max_length=50,
        help_text="Rasa's: `text`, `buttons`, `image`, `custom`, ...",
    )
    revision = serializers.IntegerField(**SEEN)


class NewSynonymSerializer(StrictSerializer):
    """A word that visitors use, and the value that it stands for."""

    value = serializers.CharField(**NAME)
    text = serializers.CharField(**NAME, help_text="What people say for it.")


class ExampleSerializer(serializers.ModelSerializer):
    """A text that the bot learns from, or is tested with."""

    intent = serializers.CharField(source="intent.name")
    entities = serializers.ListField(child=JsonObjectField())
    updated_by = serializers.CharField(source="updated_by.username", **STAFF)

    class Meta:
        model = Example
        fields = (
            "id",
            "intent",
            "text",
            "entities",
            "use",
            "origin",
            "source",
            "revision",
            "created",
            "updated",
            "updated_by",
        )


class IntentSerializer(serializers.ModelSerializer):
    """An intent with the numbers of its examples."""

    answer = serializers.CharField(help_text="Name of the response that it gets; empty: rules and stories decide.")
    examples = serializers.IntegerField(source="training", help_text="Trained on.")
    held_out = serializers.IntegerField(help_text="Kept for evaluation.")

    class Meta:
        model = Intent
        fields = ("name", "answer", "examples", "held_out", "revision", "created", "updated")


class ResponseSerializer(serializers.ModelSerializer):
    """What the bot says."""

    variations = serializers.ListField(child=JsonObjectField())

    class Meta:
        model = Response
        fields = ("name", "variations", "edited", "revision", "created", "updated")


class SynonymSerializer(serializers.ModelSerializer):
    """A word that stands for a value."""

    class Meta:
        model = Synonym
        fields = ("id", "value", "text", "created")


class DeletionMarkSerializer(serializers.Serializer):
    """What undoes the deletion."""

    mark = serializers.DateTimeField(help_text="Give it to `restore`, and what was deleted comes back.")


class CountSerializer(serializers.Serializer):
    """How many rows were changed."""

    count = serializers.IntegerField()


class FindingSerializer(serializers.Serializer):
    """Something in the training data that should be put right."""

    kind = serializers.ChoiceField([kind.value for kind in Kind], source="kind.value")
    severity = serializers.ChoiceField([severity.value for severity in Severity], source="severity.value")
    words = serializers.CharField(help_text="What is wrong, for people.")
    examples = serializers.ListField(child=serializers.IntegerField(), help_text="Ids.")
    intents = serializers.ListField(child=serializers.CharField())
    responses = serializers.ListField(child=serializers.CharField())
