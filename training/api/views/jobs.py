"""Jobs over HTTP: trainings, evaluations and whatever else takes long."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.serializers import EmptySerializer
from training.api.serializers.models import JobDetailSerializer, JobFilterSerializer, JobSerializer
from training.api.views.base import AnyBotView, BotView
from training.models import Job
from training.services import cancel_job

VIEW, TRAIN = "training.view_bot", "training.train_bot"
TAG = ["Jobs"]
JOBS = Job.objects.select_related("bot", "version", "requested_by")


@extend_schema_view(get=extend_schema(operation_id="jobs_list", summary="Jobs, newest first", tags=TAG))
class JobListView(BotView, ListAPIView):
    """The jobs of a bot, without their logs."""

    perms_map = {"GET": VIEW}
    query_serializer_class = JobFilterSerializer
    queryset = JOBS.defer("log")  # long, and shown for one job only
    serializer_class = JobSerializer

    def filter_queryset(self, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(**{name: self.query[name] for name in ("status", "kind") if name in self.query})


@extend_schema_view(get=extend_schema(operation_id="jobs_get", summary="One job, with its log", tags=TAG))
class JobDetailView(AnyBotView, RetrieveAPIView):
    """One job."""

    perms_map = {"GET": VIEW}
    queryset = JOBS
    serializer_class = JobDetailSerializer
    lookup_url_kwarg = "id"


class JobCancelView(AnyBotView):
    """A job that is not wanted any more."""

    perms_map = {"POST": TRAIN}
    queryset = JOBS
    lookup_url_kwarg = "id"

    @extend_schema(
        operation_id="jobs_cancel",
        summary="Cancel it",
        request=EmptySerializer,
        responses={202: JobSerializer},
        tags=TAG,
    )
    def post(self, request: Request, id: int) -> Response:
        self.validated_body(EmptySerializer)  # refuses fields: there is nothing to say
        cancel_job(job=self.get_object(), by=self.user)
        return Response(JobSerializer(self.get_object()).data, status=202)
