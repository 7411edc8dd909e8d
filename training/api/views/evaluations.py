"""Evaluations of model versions over HTTP, alone and side by side."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.errors import FrontdeskError
from training.api.serializers.models import (
    ComparisonQuerySerializer,
    ComparisonSerializer,
    EvaluateSerializer,
    EvaluationDetailSerializer,
    EvaluationSerializer,
    StartedJobSerializer,
)
from training.api.views.versions import TAG, TRAIN, VIEW, VersionView, started
from training.models import Evaluation, ModelVersion
from training.reports import compare_reports
from training.services import request_evaluation


class NotEvaluated(FrontdeskError):
    """There is nothing to compare yet."""

    code = "not_evaluated"
    status = 409


class EvaluateView(VersionView):
    """A new evaluation."""

    perms_map = {"POST": TRAIN}

    @extend_schema(
        operation_id="models_evaluate",
        summary="Evaluate it",
        request=EvaluateSerializer,
        responses={202: StartedJobSerializer},
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        kind = self.validated_body(EvaluateSerializer)["kind"]
        return started(request_evaluation(version=self.get_version(name), kind=kind, by=self.user))


@extend_schema_view(get=extend_schema(operation_id="models_evaluations", summary="How it did", tags=TAG))
class EvaluationListView(VersionView, ListAPIView):
    """The evaluations of a version, without their reports."""

    perms_map = {"GET": VIEW}
    serializer_class = EvaluationSerializer

    def get_queryset(self) -> QuerySet[Evaluation]:
        rows = Evaluation.objects.filter(version=self.get_version(self.kwargs["name"]))
        return rows.select_related("version").defer("report")


@extend_schema_view(get=extend_schema(operation_id="models_evaluation", summary="One evaluation in full", tags=TAG))
class EvaluationDetailView(VersionView, RetrieveAPIView):
    """One evaluation with its report."""

    perms_map = {"GET": VIEW}
    serializer_class = EvaluationDetailSerializer
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Evaluation]:
        return Evaluation.objects.filter(version=self.get_version(self.kwargs["name"])).select_related("version")


class VersionComparisonView(VersionView):
    """Two versions on the messages that both were asked, by the newest evaluation of each."""

    perms_map = {"GET": VIEW}
    query_serializer_class = ComparisonQuerySerializer

    @extend_schema(
        operation_id="models_compare", summary="Two versions side by side", responses=ComparisonSerializer, tags=TAG
    )
    def get(self, request: Request) -> Response:
        kind = self.query["kind"]
        left, right = self.get_version(self.query["left"]), self.get_version(self.query["right"])
        if left.bot_id != right.bot_id:
            raise NotFound("These are versions of different bots.")
        # On the messages that are in both reports: a newer version was asked more.
        comparison = compare_reports(_newest_evaluation(left, kind).report, _newest_evaluation(right, kind).report)
        names = ("intent", "messages", "recall_left", "recall_right")
        facts = {
            "left": left,
            "right": right,
            "kind": kind,
            "messages": comparison.shared,
            "accuracy_left": comparison.left,
            "accuracy_right": comparison.right,
            "better": comparison.better,
            "worse": comparison.worse,
            "may_be_chance": comparison.may_be_chance,
            "changes": comparison.changes,
            "intents": [dict(zip(names, row, strict=True)) for row in comparison.intents],
        }
        return Response(ComparisonSerializer(facts).data)


def _newest_evaluation(version: ModelVersion, kind: str) -> Evaluation:
    evaluation = Evaluation.objects.filter(version=version, kind=kind).first()
    if evaluation is None:
        words = f"{version.name} was not evaluated yet. Ask for it, then compare again."
        raise NotEvaluated(words, version=version.name)
    return evaluation
