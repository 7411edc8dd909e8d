"""What is under way, over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.asked import Nothing
from assistant.lib.api.doors import found
from training.api.asked_models import JobFilters
from training.api.bots import BotDoor, OfAnyBot, RowDoor
from training.api.shapes_models import JobShape, JobWithLog
from training.models import Job
from training.services import cancel_job

VIEW, TRAIN = "training.view_bot", "training.train_bot"
TAG = ["Jobs"]


def _rows() -> Any:
    return Job.objects.select_related("bot", "version", "requested_by")


class Jobs(BotDoor):
    needs = {"GET": VIEW}
    queries = {"GET": JobFilters}

    @extend_schema(
        operation_id="jobs_list",
        summary="Jobs, newest first",
        parameters=[JobFilters],
        responses=JobShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        wanted = {name: self.query[name] for name in ("status", "kind") if name in self.query}
        return self.page(_rows().filter(bot=self.bot(), **wanted).defer("log"), JobShape)


class OneJob(RowDoor):
    needs = {"GET": VIEW}

    @extend_schema(
        parameters=[OfAnyBot], operation_id="jobs_get", summary="One job, with its log", responses=JobWithLog, tags=TAG
    )
    def get(self, request: Request, id: int) -> Response:
        return Response(JobWithLog(found(self.among(_rows()), "job", pk=id)).data)


class Cancelling(RowDoor):
    needs = {"POST": TRAIN}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="jobs_cancel",
        summary="Cancel it",
        request=Nothing,
        responses={202: JobShape},
        tags=TAG,
    )
    def post(self, request: Request, id: int) -> Response:
        self.asked(Nothing)
        job = found(self.among(_rows()), "job", pk=id)
        cancel_job(job=job, by=self.staff)
        return Response(JobShape(found(self.among(_rows()), "job", pk=id)).data, status=202)
