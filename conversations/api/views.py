"""Conversations over HTTP: find them, read them, review them, take them out, delete them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.doors import Door, found
from assistant.lib.api.pages import Newest
from assistant.lib.transfers import attachment
from conversations.api.asked import Chosen, Deleting, ExportQuery, Filters, Format, Reviewing
from conversations.api.finding import Pages, all_found
from conversations.api.reviewing import apply, review_of
from conversations.api.shapes import ConversationShape, DeletedShape, EventShape, MessageShape, ReviewShape
from conversations.models import Conversation, Event, Message
from conversations.selectors.review import look_for_doubles
from conversations.services import (
    delete_conversations,
    delete_with_examples,
    examples_made_of,
    export_conversations,
)
from conversations.services.exporting import FILES

VIEW, REVIEW = "conversations.view_conversation", "conversations.review_conversation"
EXPORT, DELETE = "conversations.export_conversation", "conversations.delete_conversation"
LEARNED = ("examples_kept", "examples_deleted", "versions")
EDIT_DATA = "training.edit_data"
TAG = ["Conversations"]
FILE = {
    (200, "application/json"): OpenApiTypes.ANY,
    (200, "text/csv"): OpenApiTypes.STR,
    (200, "application/yaml"): OpenApiTypes.STR,
}


class BySeq(Newest):
    """Messages of a conversation, each with what stands beside its annotation."""

    ordering = ("seq",)

    def __init__(self, conversation: Conversation) -> None:
        self.bot = conversation.environment.bot

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        rows = super().paginate_queryset(queryset, request, view) or []
        look_for_doubles(self.bot, [row.annotation for row in rows if hasattr(row, "annotation")])
        return rows


class ByPosition(Newest):
    ordering = ("position",)


def _rows() -> Any:
    rows = Conversation.objects.select_related("environment__bot", "reviewed_by").prefetch_related("tags")
    return rows.defer("snapshot")


class Conversations(Door):
    needs = {"GET": VIEW}
    queries = {"GET": Filters}

    @extend_schema(
        operation_id="conversations_list",
        summary="Find conversations, newest first",
        parameters=[Filters],
        responses=ConversationShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        return self.page(_rows(), ConversationShape, Pages(self.query))


class Export(Door):
    needs = {"GET": EXPORT}
    queries = {"GET": ExportQuery}

    @extend_schema(
        operation_id="conversations_export",
        summary="Download conversations",
        description="`json`: all there is; `csv`: a line for each message; `rasa`: end-to-end test stories. Takes the "
        "filters of the list.",
        parameters=[ExportQuery],
        responses=FILE,
        tags=TAG,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        return _exported(request, all_found(self.query), self.query["format"], self.staff)


class OneExport(Door):
    needs = {"GET": EXPORT}
    queries = {"GET": Format}

    @extend_schema(
        operation_id="conversations_export_one",
        summary="Download one conversation",
        description="As `conversations/export` writes it.",
        parameters=[Format],
        responses=FILE,
        tags=TAG,
    )
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        rows = Conversation.objects.filter(pk=_one(id).pk)
        return _exported(request, rows, self.query["format"], self.staff)


class Deletion(Door):
    needs = {"POST": DELETE}

    @extend_schema(
        operation_id="conversations_delete_many",
        summary="Delete several conversations for good",
        request=Chosen,
        responses=DeletedShape,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        asked = self.asked(Chosen)
        rows = Conversation.objects.filter(public_id__in=asked["ids"]).values_list("pk", flat=True)
        return _deleted(list(rows), asked["examples"], self.staff)


class OneConversation(Door):
    needs = {"GET": VIEW, "DELETE": DELETE}
    queries = {"DELETE": Deleting}

    @extend_schema(operation_id="conversations_get", summary="One conversation", responses=ConversationShape, tags=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ConversationShape(_one(id)).data)

    @extend_schema(
        operation_id="conversations_delete",
        summary="Delete it for good",
        parameters=[Deleting],
        responses={204: OpenApiResponse(description="Nothing was made of it."), 200: DeletedShape},
        tags=TAG,
    )
    def delete(self, request: Request, id: UUID) -> Response:
        """204, as ever, where nothing of it stays; else what went and what stays."""
        answer = _deleted([_one(id).pk], self.query["examples"], self.staff)
        return answer if any(answer.data[name] for name in LEARNED) else Response(status=204)


class Messages(Door):
    needs = {"GET": VIEW}

    @extend_schema(
        operation_id="conversations_messages",
        summary="Its messages, oldest first",
        responses=MessageShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request, id: UUID) -> Response:
        conversation = _one(id)
        rows = Message.objects.filter(conversation=conversation).select_related("model_version", "annotation__by")
        return self.page(rows.defer("metadata"), MessageShape, BySeq(conversation))


class Events(Door):
    needs = {"GET": VIEW}
    pagination_class = ByPosition

    @extend_schema(
        operation_id="conversations_events",
        summary="The engine's events, oldest first",
        responses=EventShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request, id: UUID) -> Response:
        return self.page(Event.objects.filter(conversation=_one(id)), EventShape)


class Review(Door):
    needs = {"GET": VIEW, "POST": REVIEW}

    @extend_schema(
        operation_id="conversations_review", summary="What staff made of it", responses=ReviewShape, tags=TAG
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ReviewShape(review_of(_one(id))).data)

    @extend_schema(
        operation_id="conversations_review_change",
        summary="Judge, flag, tag, note, mark as reviewed",
        request=Reviewing,
        responses=ReviewShape,
        tags=TAG,
    )
    def post(self, request: Request, id: UUID) -> Response:
        conversation = _one(id)
        apply(conversation, self.asked(Reviewing), self.staff)
        return Response(ReviewShape(review_of(conversation)).data)


def _deleted(ids: list[int], examples: str, by: User) -> Response:
    if examples == "delete":
        if not by.has_perm(EDIT_DATA):
            raise PermissionDenied("Your role does not allow this.")
        gone = delete_with_examples(ids=ids, by=by)
        facts = {"examples_deleted": gone.examples, "examples_kept": 0, "versions": gone.versions}
        return Response(DeletedShape({**asdict(gone.conversations), **facts}).data)
    kept = examples_made_of(ids)
    facts = {"examples_deleted": 0, "examples_kept": kept, "versions": []}
    return Response(DeletedShape({**asdict(delete_conversations(ids=ids, by=by)), **facts}).data)


def _exported(request: Request, rows: Any, format: str, by: User) -> StreamingHttpResponse:
    pieces = export_conversations(conversations=rows, format=format, by=by)
    return attachment(request._request, pieces, *FILES[format])


def _one(id: UUID) -> Conversation:
    return found(_rows(), "conversation", public_id=id)
