"""Intents over HTTP."""

from __future__ import annotations

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.pagination import NamePagination
from assistant.lib.api.views import get_object_or_404
from assistant.lib.database import write_transaction
from training import services
from training.api.serializers.data import (
    DeletionMarkSerializer,
    IntentChangeSerializer,
    IntentMergeSerializer,
    IntentSerializer,
    NewIntentSerializer,
)
from training.api.views.base import BotView
from training.models import Example, Intent

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]


def _count_of(use: str) -> Count:
    return Count("examples", Q(examples__deleted=None, examples__use=use))


# The counts are filtered joins, so one query gives a whole page.
INTENTS = Intent.objects.filter(deleted=None).annotate(
    training=_count_of(Example.Use.TRAINING), held_out=_count_of(Example.Use.HELD_OUT)
)


class IntentView(BotView):
    """A view of the intents of a bot, each with the number of its examples."""

    queryset = INTENTS
    serializer_class = IntentSerializer
    lookup_field = "name"

    def get_intent(self, name: str) -> Intent:
        return get_object_or_404(self.get_queryset(), name=name)


@extend_schema_view(get=extend_schema(operation_id="intents_list", summary="Intents by name", tags=TAG))
class IntentListView(IntentView, ListAPIView):
    """All intents, and new ones."""

    perms_map = {"GET": VIEW, "POST": EDIT}
    pagination_class = NamePagination

    @extend_schema(
        operation_id="intents_add",
        summary="A new intent",
        request=NewIntentSerializer,
        responses={201: IntentSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        name = self.validated_body(NewIntentSerializer)["name"]
        intent = services.create_intent(bot=self.bot, name=name, by=self.user)
        return Response(IntentSerializer(self.get_intent(intent.name)).data, status=201)


@extend_schema_view(get=extend_schema(operation_id="intents_get", summary="One intent", tags=TAG))
class IntentDetailView(IntentView, RetrieveAPIView):
    """One intent."""

    perms_map = {"GET": VIEW, "PATCH": EDIT, "DELETE": EDIT}

    @extend_schema(
        operation_id="intents_change",
        summary="Rename it, say what it gets for an answer",
        request=IntentChangeSerializer,
        responses=IntentSerializer,
        tags=TAG,
    )
    def patch(self, request: Request, name: str) -> Response:
        body = self.validated_body(IntentChangeSerializer)
        intent = self.get_object()
        with write_transaction():  # both or neither
            if "answers" in body:
                services.set_answer(intent=intent, texts=body["answers"], by=self.user, revision=body["revision"])
            # `seen`: whoever renamed it meanwhile is not overruled unseen.
            if body.get("name", intent.name) != intent.name:
                services.rename_intent(intent=intent, name=body["name"], by=self.user, seen=name)
        return Response(IntentSerializer(self.get_queryset().get(pk=intent.pk)).data)

    @extend_schema(
        operation_id="intents_delete",
        summary="Delete it with its examples",
        responses={200: DeletionMarkSerializer},
        tags=TAG,
    )
    def delete(self, request: Request, name: str) -> Response:
        mark = services.delete_intent(intent=self.get_object(), by=self.user)
        return Response(DeletionMarkSerializer({"mark": mark}).data)


class IntentMergeView(IntentView):
    """Two intents that mean the same."""

    perms_map = {"POST": EDIT}

    @extend_schema(
        operation_id="intents_merge",
        summary="Give its examples to another intent, and delete it",
        request=IntentMergeSerializer,
        responses=IntentSerializer,
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        into = self.validated_body(IntentMergeSerializer)["into"]
        services.merge_intents(source=self.get_intent(name), target=self.get_intent(into), by=self.user)
        return Response(IntentSerializer(self.get_intent(into)).data)
