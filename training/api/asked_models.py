"""Shapes of what is asked about models and jobs."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.asked import Id, Strict
from training.api.bots import OfAnyBot, OfBot
from training.models import PRODUCTION, Evaluation, Job, ModelVersion


class VersionFilters(OfBot):
    status = serializers.ChoiceField(ModelVersion.Status.choices, required=False)
    origin = serializers.ChoiceField(ModelVersion.Origin.choices, required=False)


class JobFilters(OfBot):
    status = serializers.ChoiceField(Job.Status.choices, required=False)
    kind = serializers.CharField(max_length=30, required=False)


class Train(Strict):
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="", help_text="What is new.")


class Upload(Strict):
    file = serializers.FileField(help_text="A `.tar.gz` that Rasa 3.6.21 trained.")
    sha256 = serializers.RegexField(
        r"^[0-9a-fA-F]{64}$", required=False, default="", help_text="Checked where it is given."
    )
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class Place(Strict):
    environment = serializers.SlugField(max_length=60, required=False, default=PRODUCTION)


class Back(Place):
    seen = Id(
        required=False,
        help_text="The environment's `activation` that you saw: where another came since, the answer is 409. So a "
        "request that is sent twice goes back once.",
    )


class Evaluate(Strict):
    kind = serializers.ChoiceField(Evaluation.Kind.choices, default=Evaluation.Kind.HELD_OUT)


class Comparison(OfAnyBot):
    left = serializers.CharField(max_length=100, help_text="Name of a version.")
    right = serializers.CharField(max_length=100, help_text="Name of another version of the same bot.")
    kind = serializers.ChoiceField(Evaluation.Kind.choices, default=Evaluation.Kind.HELD_OUT)
