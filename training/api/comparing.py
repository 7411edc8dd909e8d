"""Two versions side by side, on the messages that both were asked."""

from __future__ import annotations

from rest_framework import serializers

from assistant.lib.api.errors import NotFound
from assistant.lib.errors import FrontdeskError
from training.api.shapes_models import VersionShape
from training.models import Evaluation, ModelVersion
from training.reports import SideBySide, side_by_side


class NotEvaluated(FrontdeskError):
    code = "not_evaluated"
    status = 409


class ChangeShape(serializers.Serializer):
    text = serializers.CharField()
    right = serializers.CharField(help_text="The right intent.")
    guessed = serializers.CharField(help_text="What the version that was wrong took it for.")
    better = serializers.BooleanField(help_text="The right-hand version has it right.")


class IntentChangeShape(serializers.Serializer):
    intent = serializers.CharField()
    messages = serializers.IntegerField()
    recall_left = serializers.FloatField()
    recall_right = serializers.FloatField()


class ComparisonShape(serializers.Serializer):
    left = VersionShape()
    right = VersionShape()
    kind = serializers.ChoiceField(Evaluation.Kind.choices)
    messages = serializers.IntegerField(help_text="Messages that both were asked.")
    accuracy_left = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="The share, and both ends of its 95 % interval."
    )
    accuracy_right = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    better = serializers.IntegerField()
    worse = serializers.IntegerField()
    may_be_chance = serializers.BooleanField(help_text="Sign test at 5 % on the messages that changed.")
    changes = ChangeShape(many=True)
    intents = IntentChangeShape(many=True)


def compared(left: ModelVersion, right: ModelVersion, kind: str) -> dict:
    if left.bot_id != right.bot_id:
        raise NotFound("These are versions of different bots.")
    seen = side_by_side(_newest(left, kind).report, _newest(right, kind).report)
    return {"left": left, "right": right, "kind": kind, **_in_numbers(seen)}


def _newest(version: ModelVersion, kind: str) -> Evaluation:
    found = Evaluation.objects.filter(version=version, kind=kind).first()
    if found is None:
        raise NotEvaluated(
            f"{version.name} was not evaluated yet. Ask for it, then compare again.", version=version.name
        )
    return found


def _in_numbers(seen: SideBySide) -> dict:
    names = ("intent", "messages", "recall_left", "recall_right")
    return {
        "messages": seen.shared,
        "accuracy_left": seen.left,
        "accuracy_right": seen.right,
        "better": seen.better,
        "worse": seen.worse,
        "may_be_chance": seen.may_be_chance,
        "changes": seen.changes,
        "intents": [dict(zip(names, row, strict=True)) for row in seen.intents],
    }
