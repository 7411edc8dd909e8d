"""Examples over HTTP, and what is wrong with them and the rest of the training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.pagination import ListPagination
from assistant.lib.api.serializers import StrictSerializer
from training import services
from training.api.serializers.bots import BotQuerySerializer
from training.api.serializers.data import (
    CountSerializer,
    DeletionMarkSerializer,
    ExampleChangeSerializer,
    ExampleFilterSerializer,
    ExampleIdsSerializer,
    ExampleMoveSerializer,
    ExampleSerializer,
    FindingSerializer,
    HoldOutSerializer,
    NewExampleSerializer,
    RestoreSerializer,
)
from training.api.views.base import AnyBotView, BotView
from training.models import Example
from training.selectors import findings_of

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]
# Deferred: the embedding of the text, for finding near ones.
EXAMPLES = (
    Example.objects.filter(deleted=None, intent__deleted=None).select_related("intent", "updated_by").defer("vector")
)
LOOKUPS = {"intent": "intent__name", "use": "use", "origin": "origin", "q": "text__icontains"}


@extend_schema_view(get=extend_schema(operation_id="examples_list", summary="Examples, newest first", tags=TAG))
class ExampleListView(BotView, ListAPIView):
    """The examples of a bot, and new ones."""

    perms_map = {"GET": VIEW, "POST": EDIT}
    queryset = EXAMPLES
    serializer_class = ExampleSerializer

    def get_query_serializer_class(self) -> type[StrictSerializer]:
        return BotQuerySerializer if self.request.method == "POST" else ExampleFilterSerializer

    def filter_queryset(self, queryset: QuerySet[Example]) -> QuerySet[Example]:
        return queryset.filter(**{lookup: self.query[name] for name, lookup in LOOKUPS.items() if name in self.query})

    @extend_schema(
        operation_id="examples_add",
        summary="Teach an example",
        description="The same text under the same intent is the same example.",
        request=NewExampleSerializer,
        responses={201: ExampleSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(NewExampleSerializer)
        return Response(ExampleSerializer(services.add_example(bot=self.bot, by=self.user, **body)).data, status=201)


class ExampleView(AnyBotView):
    """A view of one example or of several."""

    queryset = EXAMPLES
    serializer_class = ExampleSerializer
    lookup_url_kwarg = "id"

    def existing_ids(self, body: Mapping[str, Any]) -> list[int]:
        """Those of the body's `ids` that are there."""
        return list(self.get_queryset().filter(pk__in=body["ids"]).values_list("pk", flat=True))


@extend_schema_view(get=extend_schema(operation_id="examples_get", summary="One example", tags=TAG))
class ExampleDetailView(ExampleView, RetrieveAPIView):
    """One example."""

    perms_map = {"GET": VIEW, "PATCH": EDIT, "DELETE": EDIT}

    @extend_schema(
        operation_id="examples_change",
        summary="Change it",
        request=ExampleChangeSerializer,
        responses=ExampleSerializer,
        tags=TAG,
    )
    def patch(self, request: Request, id: int) -> Response:
        body = self.validated_body(ExampleChangeSerializer)
        services.change_example(example=self.get_object(), by=self.user, **body)
        # Read anew: the service changed a row of its own.
        return Response(ExampleSerializer(self.get_object()).data)

    @extend_schema(
        operation_id="examples_delete", summary="Delete it", responses={200: DeletionMarkSerializer}, tags=TAG
    )
    def delete(self, request: Request, id: int) -> Response:
        mark = services.delete_examples(ids=[self.get_object().pk], by=self.user)
        return Response(DeletionMarkSerializer({"mark": mark}).data)


class ExampleMoveView(ExampleView):
    """Another intent for several."""

    perms_map = {"POST": EDIT}

    @extend_schema(
        operation_id="examples_move",
        summary="Give several another intent",
        request=ExampleMoveSerializer,
        responses=CountSerializer,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(ExampleMoveSerializer)
        # Fewer than were asked for, where some were there under the other intent already.
        count = services.move_examples(ids=self.existing_ids(body), intent=body["intent"], by=self.user)
        return Response({"count": count})


class ExampleHoldOutView(ExampleView):
    """Several for evaluation only, or for training again."""

    perms_map = {"POST": EDIT}

    @extend_schema(
        operation_id="examples_hold_out",
        summary="Keep several for evaluation, or train on them again",
        request=HoldOutSerializer,
        responses=CountSerializer,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(HoldOutSerializer)
        ids = self.existing_ids(body)
        services.hold_out_examples(ids=ids, held_out=body["held_out"], by=self.user)
        return Response({"count": len(ids)})


class ExampleBulkDeleteView(ExampleView):
    """Several examples, under one mark."""

    perms_map = {"POST": EDIT}

    @extend_schema(
        operation_id="examples_delete_many",
        summary="Delete several together",
        request=ExampleIdsSerializer,
        responses={200: DeletionMarkSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        ids = self.existing_ids(self.validated_body(ExampleIdsSerializer))
        return Response(DeletionMarkSerializer({"mark": services.delete_examples(ids=ids, by=self.user)}).data)


class RestoreView(BotView):
    """What was deleted under a mark, of whatever kind."""

    perms_map = {"POST": EDIT}

    @extend_schema(
        operation_id="training_data_restore",
        summary="Bring back what was deleted",
        description="Examples, intents, responses and synonyms: whatever was deleted under this mark.",
        request=RestoreSerializer,
        responses=CountSerializer,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        mark = self.validated_body(RestoreSerializer)["mark"]
        return Response({"count": services.restore_deleted(bot=self.bot, mark=mark, by=self.user).count})


@extend_schema_view(
    get=extend_schema(operation_id="checks_list", summary="What should be put right, the worst first", tags=TAG)
)
class FindingListView(BotView, ListAPIView):
    """What is wrong with the training data of a bot."""

    perms_map = {"GET": VIEW}
    serializer_class = FindingSerializer
    pagination_class = ListPagination

    def get_queryset(self) -> Any:
        return findings_of(self.bot)
