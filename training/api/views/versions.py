"""Model versions over HTTP: train, upload, download, put live, take back."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.views import get_object_or_404
from assistant.lib.transfers import file_attachment
from training import services
from training.api.serializers.models import (
    EnvironmentNameSerializer,
    EnvironmentSerializer,
    RollbackSerializer,
    StartedJobSerializer,
    TrainSerializer,
    UploadSerializer,
    VersionFilterSerializer,
    VersionSerializer,
)
from training.api.views.base import AnyBotView, BotView
from training.models import PRODUCTION, Environment, Job, ModelVersion

VIEW, TRAIN, ACTIVATE = "training.view_bot", "training.train_bot", "training.activate_version"
UPLOAD, DOWNLOAD = "training.upload_version", "training.download_version"
TAG = ["Models"]
# Deferred: the frozen training data, which may be megabytes.
VERSIONS = (
    ModelVersion.objects.select_related("bot", "parent", "created_by", "training_set")
    .defer("training_set__packed")
    .prefetch_related("live_in")
)


class VersionView(AnyBotView):
    """A view of one version, whose name is in the address, or of what belongs to it."""

    queryset = VERSIONS
    serializer_class = VersionSerializer

    def get_version(self, name: str) -> ModelVersion:
        # super(): a view of what belongs to a version has another queryset of its own
        return get_object_or_404(super().get_queryset(), "version", name=name)


@extend_schema_view(get=extend_schema(operation_id="models_list", summary="Versions, newest first", tags=TAG))
class VersionListView(BotView, ListAPIView):
    """The versions of a bot. Deleted ones are listed only where they are asked for."""

    perms_map = {"GET": VIEW}
    query_serializer_class = VersionFilterSerializer
    queryset = VERSIONS
    serializer_class = VersionSerializer

    def filter_queryset(self, queryset: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
        filters = {name: self.query[name] for name in ("status", "origin") if name in self.query}
        deleted = ModelVersion.Status.DELETED
        rows = queryset.filter(**filters)
        return rows if filters.get("status") == deleted else rows.exclude(status=deleted)


@extend_schema_view(get=extend_schema(operation_id="models_get", summary="One version", tags=TAG))
class VersionDetailView(VersionView, RetrieveAPIView):
    """One version."""

    perms_map = {"GET": VIEW}

    def get_object(self) -> ModelVersion:
        return self.get_version(self.kwargs["name"])


@extend_schema_view(get=extend_schema(operation_id="models_environments", summary="What is live where", tags=TAG))
class EnvironmentListView(BotView, ListAPIView):
    """The environments of a bot."""

    perms_map = {"GET": VIEW}
    queryset = Environment.objects.select_related("bot", "active_version")
    serializer_class = EnvironmentSerializer


class TrainView(BotView):
    """A new version."""

    perms_map = {"POST": TRAIN}

    @extend_schema(
        operation_id="models_train",
        summary="Train what the bot is taught now",
        description="Where the very same training waits or runs already, that one is returned.",
        request=TrainSerializer,
        responses={202: StartedJobSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        note = self.validated_body(TrainSerializer)["note"]
        return started(services.request_training(bot=self.bot, by=self.user, note=note))


class UploadView(BotView):
    """A version that was trained elsewhere."""

    perms_map = {"POST": UPLOAD}
    parser_classes = (MultiPartParser,)  # Django writes a large file to disk while it comes

    @extend_schema(
        operation_id="models_upload",
        summary="Upload a trained model",
        description="It is quarantined until it was checked; the job says how that went.",
        request={"multipart/form-data": UploadSerializer},
        responses={202: StartedJobSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        version = services.upload_version(bot=self.bot, by=self.user, **self.validated_body(UploadSerializer))
        jobs = Job.objects.filter(version=version).select_related("bot", "version", "requested_by")
        return started(jobs.latest("id"))


class DownloadView(VersionView):
    """The archive of a version."""

    perms_map = {"GET": DOWNLOAD}

    @extend_schema(
        operation_id="models_download",
        summary="Its archive",
        responses={(200, "application/gzip"): OpenApiTypes.BINARY},
        tags=TAG,
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        path = services.archive_for_download(version=self.get_version(name), by=self.user)
        return file_attachment(request._request, path, "application/gzip")


class ActivateView(VersionView):
    """A version that answers from now on."""

    perms_map = {"POST": ACTIVATE}

    @extend_schema(
        operation_id="models_activate",
        summary="Put it live",
        description="From the next message on it answers.",
        request=EnvironmentNameSerializer,
        responses=EnvironmentSerializer,
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        version, place = self.get_version(name), self.validated_body(EnvironmentNameSerializer)["environment"]
        if place != PRODUCTION:
            # The service makes what is missing; a slip of the pen should not.
            get_object_or_404(Environment.objects.filter(bot=version.bot), name=place)
        environment = services.activate_version(version=version, environment=place, by=self.user)
        return Response(EnvironmentSerializer(environment).data)


class RollbackView(BotView):
    """What was live before."""

    perms_map = {"POST": ACTIVATE}

    @extend_schema(
        operation_id="models_rollback",
        summary="Bring back what was live before",
        request=RollbackSerializer,
        responses=EnvironmentSerializer,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(RollbackSerializer)
        environment = get_object_or_404(Environment.objects.filter(bot=self.bot), name=body["environment"])
        environment = services.roll_back(environment=environment, by=self.user, seen=body.get("seen"))
        return Response(EnvironmentSerializer(environment).data)


def started(job: Job) -> Response:
    """The job that was queued, and the version that it is about."""
    version = VERSIONS.filter(pk=job.version_id).first() if job.version_id else None
    return Response(StartedJobSerializer({"job": job, "version": version}).data, status=202)
