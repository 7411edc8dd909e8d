"""Conversations over HTTP: find them, read them, review them, export them, delete them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.functional import cached_property
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.serializers import StrictSerializer
from assistant.lib.api.views import ApiView, get_object_or_404
from assistant.lib.transfers import attachment
from conversations.api.filters import matching_conversations
from conversations.api.pagination import ConversationPagination, PositionPagination, SeqPagination
from conversations.api.reviews import change_review, review_of
from conversations.api.serializers import (
    BulkDeletionSerializer,
    ConversationFilterSerializer,
    ConversationSerializer,
    DeletionQuerySerializer,
    DeletionSerializer,
    EventSerializer,
    ExportQuerySerializer,
    FilteredExportQuerySerializer,
    MessageSerializer,
    ReviewChangeSerializer,
    ReviewSerializer,
)
from conversations.models import Conversation, Event, Message
from conversations.selectors import example_count
from conversations.selectors.review import find_duplicates
from conversations.services import (
    delete_conversations,
    delete_with_examples,
    export_conversations,
)
from conversations.services.export import FILES

VIEW, REVIEW = "conversations.view_conversation", "conversations.review_conversation"
EXPORT, DELETE = "conversations.export_conversation", "conversations.delete_conversation"
EDIT_DATA = "training.edit_data"
TAG = ["Conversations"]
FILE = {
    (200, "application/json"): OpenApiTypes.ANY,
    (200, "text/csv"): OpenApiTypes.STR,
    (200, "application/yaml"): OpenApiTypes.STR,
}
# Deferred: the engine's state, which is large and in no answer.
CONVERSATIONS = (
    Conversation.objects.select_related("environment__bot", "reviewed_by").prefetch_related("tags").defer("snapshot")
)


class ConversationView(ApiView):
    """A view of one conversation, whose public id is in the address, or of what belongs to it."""

    @cached_property
    def conversation(self) -> Conversation:
        return get_object_or_404(CONVERSATIONS, public_id=self.kwargs["id"])


@extend_schema_view(
    get=extend_schema(operation_id="conversations_list", summary="Find conversations, newest first", tags=TAG)
)
class ConversationListView(ApiView, ListAPIView):
    """The list, by the filters of the staff site."""

    perms_map = {"GET": VIEW}
    query_serializer_class = ConversationFilterSerializer
    queryset = CONVERSATIONS
    serializer_class = ConversationSerializer
    pagination_class = ConversationPagination


class ConversationListExportView(ApiView):
    """All conversations of the list, as a file that is written while it is sent."""

    perms_map = {"GET": EXPORT}
    query_serializer_class = FilteredExportQuerySerializer

    @extend_schema(
        operation_id="conversations_export",
        summary="Download conversations",
        description="`json`: all there is; `csv`: a line for each message; `rasa`: end-to-end test stories. Takes the "
        "filters of the list.",
        responses=FILE,
        tags=TAG,
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        return _file(request, matching_conversations(self.query), self.query["format"])


class ConversationExportView(ConversationView):
    """One conversation as such a file."""

    perms_map = {"GET": EXPORT}
    query_serializer_class = ExportQuerySerializer

    @extend_schema(
        operation_id="conversations_export_one",
        summary="Download one conversation",
        description="As `conversations/export` writes it.",
        responses=FILE,
        tags=TAG,
    )
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        rows = Conversation.objects.filter(pk=self.conversation.pk)  # an export takes a queryset
        return _file(request, rows, self.query["format"])


class ConversationBulkDeleteView(ApiView):
    """Several conversations, with or without what was learned from them."""

    perms_map = {"POST": DELETE}

    @extend_schema(
        operation_id="conversations_delete_many",
        summary="Delete several conversations for good",
        request=BulkDeletionSerializer,
        responses=DeletionSerializer,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(BulkDeletionSerializer)
        ids = Conversation.objects.filter(public_id__in=body["ids"]).values_list("pk", flat=True)
        return Response(_delete(list(ids), body["examples"], self.user))


@extend_schema_view(get=extend_schema(operation_id="conversations_get", summary="One conversation", tags=TAG))
class ConversationDetailView(ConversationView, RetrieveAPIView):
    """One conversation, to look at or to delete."""

    perms_map = {"GET": VIEW, "DELETE": DELETE}
    serializer_class = ConversationSerializer

    def get_object(self) -> Conversation:
        return self.conversation

    def get_query_serializer_class(self) -> type[StrictSerializer]:
        return DeletionQuerySerializer if self.request.method == "DELETE" else super().get_query_serializer_class()

    @extend_schema(
        operation_id="conversations_delete",
        summary="Delete it for good",
        description="204, as ever, where nothing of it stays; else what went and what stays.",
        responses={204: OpenApiResponse(description="Nothing was made of it."), 200: DeletionSerializer},
        tags=TAG,
    )
    def delete(self, request: Request, id: UUID) -> Response:
        deleted = _delete([self.conversation.pk], self.query["examples"], self.user)
        # Programs that know 204 only go on as they did, unless there is something to tell.
        something_stays = deleted["examples_kept"] or deleted["examples_deleted"] or deleted["versions"]
        return Response(deleted) if something_stays else Response(status=204)


@extend_schema_view(
    get=extend_schema(operation_id="conversations_messages", summary="Its messages, oldest first", tags=TAG)
)
class MessageListView(ConversationView, ListAPIView):
    """What was said, with what the engine made of it and what staff said about it."""

    perms_map = {"GET": VIEW}
    serializer_class = MessageSerializer
    pagination_class = SeqPagination

    def get_queryset(self) -> QuerySet[Message]:
        rows = Message.objects.filter(conversation=self.conversation)
        return rows.select_related("model_version", "annotation__by").defer("metadata")

    def paginate_queryset(self, queryset: QuerySet[Message]) -> list[Message]:
        rows = super().paginate_queryset(queryset)
        # What is said of a message beside its annotation: one query for the page.
        annotations = [row.annotation for row in rows if hasattr(row, "annotation")]
        find_duplicates(self.conversation.environment.bot, annotations)
        return rows


@extend_schema_view(
    get=extend_schema(operation_id="conversations_events", summary="The engine's events, oldest first", tags=TAG)
)
class EventListView(ConversationView, ListAPIView):
    """The dialogue as the engine sees it."""

    perms_map = {"GET": VIEW}
    serializer_class = EventSerializer
    pagination_class = PositionPagination

    def get_queryset(self) -> QuerySet[Event]:
        return Event.objects.filter(conversation=self.conversation)


class ReviewView(ConversationView):
    """What staff made of a conversation."""

    perms_map = {"GET": VIEW, "POST": REVIEW}

    @extend_schema(
        operation_id="conversations_review", summary="What staff made of it", responses=ReviewSerializer, tags=TAG
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(ReviewSerializer(review_of(self.conversation)).data)

    @extend_schema(
        operation_id="conversations_review_change",
        summary="Judge, flag, tag, note, mark as reviewed",
        request=ReviewChangeSerializer,
        responses=ReviewSerializer,
        tags=TAG,
    )
    def post(self, request: Request, id: UUID) -> Response:
        change_review(self.conversation, self.validated_body(ReviewChangeSerializer), self.user)
        return Response(ReviewSerializer(review_of(self.conversation)).data)


def _delete(ids: list[int], examples: str, by: User) -> dict[str, Any]:
    """Raises PermissionDenied: examples are training data, and not all who may delete conversations may change it."""
    if examples == "delete":
        if not by.has_perm(EDIT_DATA):
            raise PermissionDenied("Your role does not allow this.")
        gone = delete_with_examples(ids=ids, by=by)
        learned = {"examples_deleted": gone.examples, "examples_kept": 0, "versions": gone.versions}
        return DeletionSerializer({**asdict(gone.conversations), **learned}).data
    learned = {"examples_deleted": 0, "examples_kept": example_count(ids), "versions": []}
    return DeletionSerializer({**asdict(delete_conversations(ids=ids, by=by)), **learned}).data


def _file(request: Request, rows: QuerySet[Conversation], format: str) -> StreamingHttpResponse:
    pieces = export_conversations(conversations=rows, format=format, by=request.user)
    return attachment(request._request, pieces, *FILES[format])
