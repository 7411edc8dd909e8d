"""Model versions over HTTP: train, upload, download, compare, put live, take back."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.doors import found
from assistant.lib.transfers import file_attachment
from training import services
from training.api.asked_models import Back, Comparison, Evaluate, Place, Train, Upload, VersionFilters
from training.api.bots import BotDoor, OfAnyBot, OfBot, RowDoor
from training.api.comparing import ComparisonShape, compared
from training.api.shapes_models import Begun, EnvironmentShape, EvaluationShape, EvaluationWithReport, VersionShape
from training.models import PRODUCTION, Bot, Environment, Evaluation, Job, ModelVersion

VIEW, TRAIN, ACTIVATE = "training.view_bot", "training.train_bot", "training.activate_version"
UPLOAD, DOWNLOAD = "training.upload_version", "training.download_version"
TAG = ["Models"]


def _versions() -> Any:
    rows = ModelVersion.objects.select_related("bot", "parent", "created_by", "training_set")
    return rows.defer("training_set__packed").prefetch_related("live_in")


def _begun(job: Job) -> Response:
    version = _versions().filter(pk=job.version_id).first()
    return Response(Begun({"job": job, "version": version}).data, status=202)


def _environment(bot: Bot, name: str) -> Environment:
    return found(Environment.objects.filter(bot=bot), "environment", name=name)


class VersionDoor(RowDoor):
    def version(self, name: str) -> ModelVersion:
        return found(self.among(_versions()), "version", name=name)


class Versions(BotDoor):
    needs = {"GET": VIEW}
    queries = {"GET": VersionFilters}

    @extend_schema(
        operation_id="models_list",
        summary="Versions, newest first",
        parameters=[VersionFilters],
        responses=VersionShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        wanted = {name: self.query[name] for name in ("status", "origin") if name in self.query}
        rows = _versions().filter(bot=self.bot(), **wanted)
        deleted = ModelVersion.Status.DELETED
        return self.page(rows if wanted.get("status") == deleted else rows.exclude(status=deleted), VersionShape)


class Environments(BotDoor):
    needs = {"GET": VIEW}

    @extend_schema(
        operation_id="models_environments",
        summary="What is live where",
        parameters=[OfBot],
        responses=EnvironmentShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        rows = Environment.objects.filter(bot=self.bot()).select_related("bot", "active_version")
        return self.page(rows, EnvironmentShape)


class Training(BotDoor):
    needs = {"POST": TRAIN}

    @extend_schema(
        operation_id="models_train",
        summary="Train what the bot is taught now",
        description="Where the very same training waits or runs already, that one is returned.",
        parameters=[OfBot],
        request=Train,
        responses={202: Begun},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot, asked = self.bot(), self.asked(Train)
        return _begun(services.ask_for_training(bot=bot, by=self.staff, note=asked["note"]))


class Uploads(BotDoor):
    needs = {"POST": UPLOAD}
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="models_upload",
        summary="Upload a trained model",
        description="It is quarantined until it was checked; the job says how that went.",
        parameters=[OfBot],
        request={"multipart/form-data": Upload},
        responses={202: Begun},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot, asked = self.bot(), self.asked(Upload)
        version = services.upload_version(
            bot=bot, file=asked["file"], by=self.staff, sha256=asked["sha256"], note=asked["note"]
        )
        return _begun(Job.objects.filter(version=version).select_related("bot", "version", "requested_by").latest("id"))


class Rollback(BotDoor):
    needs = {"POST": ACTIVATE}

    @extend_schema(
        operation_id="models_rollback",
        summary="Bring back what was live before",
        parameters=[OfBot],
        request=Back,
        responses=EnvironmentShape,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot, asked = self.bot(), self.asked(Back)
        place = _environment(bot, asked["environment"])
        place = services.roll_back(environment=place, by=self.staff, seen=asked.get("seen"))
        return Response(EnvironmentShape(place).data)


class Compare(VersionDoor):
    needs = {"GET": VIEW}
    queries = {"GET": Comparison}

    @extend_schema(
        operation_id="models_compare",
        summary="Two versions side by side",
        parameters=[Comparison],
        responses=ComparisonShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        left, right = (self.version(self.query[side]) for side in ("left", "right"))
        return Response(ComparisonShape(compared(left, right, self.query["kind"])).data)


class OneVersion(VersionDoor):
    needs = {"GET": VIEW}

    @extend_schema(
        parameters=[OfAnyBot], operation_id="models_get", summary="One version", responses=VersionShape, tags=TAG
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(VersionShape(self.version(name)).data)


class Download(VersionDoor):
    needs = {"GET": DOWNLOAD}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="models_download",
        summary="Its archive",
        responses={(200, "application/gzip"): OpenApiTypes.BINARY},
        tags=TAG,
    )
    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        path = services.archive_for_download(version=self.version(name), by=self.staff)
        return file_attachment(request._request, path, "application/gzip")


class Activation(VersionDoor):
    needs = {"POST": ACTIVATE}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="models_activate",
        summary="Put it live",
        description="From the next message on it answers.",
        request=Place,
        responses=EnvironmentShape,
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        version, environment = self.version(name), self.asked(Place)["environment"]
        if environment != PRODUCTION:
            _environment(version.bot, environment)  # a slip of the pen makes none
        place = services.activate_version(version=version, environment=environment, by=self.staff)
        return Response(EnvironmentShape(place).data)


class Evaluating(VersionDoor):
    needs = {"POST": TRAIN}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="models_evaluate",
        summary="Evaluate it",
        request=Evaluate,
        responses={202: Begun},
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        kind = self.asked(Evaluate)["kind"]
        return _begun(services.ask_for_evaluation(version=self.version(name), kind=kind, by=self.staff))


class Evaluations(VersionDoor):
    needs = {"GET": VIEW}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="models_evaluations",
        summary="How it did",
        responses=EvaluationShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request, name: str) -> Response:
        rows = Evaluation.objects.filter(version=self.version(name)).select_related("version").defer("report")
        return self.page(rows, EvaluationShape)


class OneEvaluation(VersionDoor):
    needs = {"GET": VIEW}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="models_evaluation",
        summary="One evaluation in full",
        responses=EvaluationWithReport,
        tags=TAG,
    )
    def get(self, request: Request, name: str, id: int) -> Response:
        rows = Evaluation.objects.filter(version=self.version(name)).select_related("version")
        return Response(EvaluationWithReport(found(rows, "evaluation", pk=id)).data)
