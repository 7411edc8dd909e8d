"""Shapes of what the API says about training data."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.asked import Json
from training.models import Example, Intent, Response, Synonym

STAFF = {"default": None, "allow_null": True, "help_text": "User name of the member of staff."}


class ExampleShape(serializers.ModelSerializer):
    intent = serializers.CharField(source="intent.name")
    entities = serializers.ListField(child=Json())
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


class IntentShape(serializers.ModelSerializer):
    answer = serializers.CharField(help_text="Name of the response that it gets; empty: rules and stories decide.")
    examples = serializers.IntegerField(source="training", help_text="Trained on.")
    held_out = serializers.IntegerField(help_text="Kept for evaluation.")

    class Meta:
        model = Intent
        fields = ("name", "answer", "examples", "held_out", "revision", "created", "updated")


class ResponseShape(serializers.ModelSerializer):
    variations = serializers.ListField(child=Json())

    class Meta:
        model = Response
        fields = ("name", "variations", "edited", "revision", "created", "updated")


class SynonymShape(serializers.ModelSerializer):
    class Meta:
        model = Synonym
        fields = ("id", "value", "text", "created")


class Gone(serializers.Serializer):
    mark = serializers.DateTimeField(help_text="Give it to `restore`, and what was deleted comes back.")


class Count(serializers.Serializer):
    count = serializers.IntegerField()
