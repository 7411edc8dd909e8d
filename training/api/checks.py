"""What is wrong with the training data, over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.pages import Counted
from training.api.bots import BotDoor, OfBot
from training.checking import Kind, Severity
from training.selectors import findings_of


class FindingShape(serializers.Serializer):
    kind = serializers.ChoiceField([kind.value for kind in Kind], source="kind.value")
    severity = serializers.ChoiceField([severity.value for severity in Severity], source="severity.value")
    words = serializers.CharField(help_text="What is wrong, for people.")
    examples = serializers.ListField(child=serializers.IntegerField(), help_text="Ids.")
    intents = serializers.ListField(child=serializers.CharField())
    responses = serializers.ListField(child=serializers.CharField())


class Checks(BotDoor):
    needs = {"GET": "training.view_bot"}
    pagination_class = Counted

    @extend_schema(
        operation_id="checks_list",
        summary="What should be put right, the worst first",
        parameters=[OfBot],
        responses=FindingShape(many=True),
        tags=["Training data"],
    )
    def get(self, request: Request) -> Response:
        return self.page(findings_of(self.bot()), FindingShape)
