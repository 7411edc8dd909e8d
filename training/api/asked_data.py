"""Shapes of what is asked about training data."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.asked import LARGEST, Ids, Json, Strict
from training.api.bots import OfBot
from training.models import Example

NAME = {"max_length": 255}
TEXT = {"max_length": 4000}
REVISION = {"min_value": 1, "max_value": LARGEST, "help_text": "As you saw it: 409 where it was changed since."}
SEEN = {
    "default": 0,
    "min_value": 0,
    "max_value": LARGEST,
    "help_text": "That of the response as you saw it, 0 where there was none: 409 where it is another one by now.",
}


class ExampleFilters(OfBot):
    intent = serializers.CharField(**NAME, required=False)
    use = serializers.ChoiceField(Example.Use.choices, required=False)
    origin = serializers.ChoiceField(Example.Origin.choices, required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="Part of the text, in whatever case.")


class NewExample(Strict):
    intent = serializers.CharField(**NAME, help_text="Made where it is missing.")
    text = serializers.CharField(**TEXT)
    entities = serializers.ListField(
        child=Json(), max_length=100, required=False, default=list, help_text="`{start, end, entity, value, ...}`"
    )
    use = serializers.ChoiceField(Example.Use.choices, default=Example.Use.TRAINING)
    move = serializers.BooleanField(default=False, help_text="Take the text away from other intents that have it.")


class ExampleChange(Strict):
    revision = serializers.IntegerField(**REVISION)
    intent = serializers.CharField(**NAME, required=False)
    text = serializers.CharField(**TEXT, required=False)
    entities = serializers.ListField(child=Json(), max_length=100, required=False)
    use = serializers.ChoiceField(Example.Use.choices, required=False)


class ChosenExamples(Strict):
    ids = Ids()


class Move(ChosenExamples):
    intent = serializers.CharField(**NAME)


class HoldOut(ChosenExamples):
    held_out = serializers.BooleanField()


class Restore(Strict):
    mark = serializers.DateTimeField(help_text="From the deletion.")


class NewIntent(Strict):
    name = serializers.CharField(**NAME)


class IntentChange(Strict):
    """Another name, other answers, or both. `revision` belongs to the answers."""

    name = serializers.CharField(**NAME, required=False)
    answers = serializers.ListField(
        child=serializers.CharField(**TEXT), max_length=20, required=False, help_text="The bot says one of them."
    )
    revision = serializers.IntegerField(**SEEN)


class Merge(Strict):
    into = serializers.CharField(**NAME, help_text="The intent that stays.")


class ResponseChange(Strict):
    variations = serializers.ListField(
        child=Json(), min_length=1, max_length=50, help_text="Rasa's: `text`, `buttons`, `image`, `custom`, ..."
    )
    revision = serializers.IntegerField(**SEEN)


class NewSynonym(Strict):
    value = serializers.CharField(**NAME)
    text = serializers.CharField(**NAME, help_text="What people say for it.")
