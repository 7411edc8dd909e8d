"""Responses and synonyms over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.pagination import NamePagination
from training import models, services
from training.api.serializers.data import (
    DeletionMarkSerializer,
    NewSynonymSerializer,
    ResponseChangeSerializer,
    ResponseSerializer,
    SynonymSerializer,
)
from training.api.views.base import AnyBotView, BotView

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]
RESPONSES = models.Response.objects.filter(deleted=None)
SYNONYMS = models.Synonym.objects.filter(deleted=None)


@extend_schema_view(get=extend_schema(operation_id="responses_list", summary="What the bot says, by name", tags=TAG))
class ResponseListView(BotView, ListAPIView):
    """All responses."""

    perms_map = {"GET": VIEW}
    queryset = RESPONSES
    serializer_class = ResponseSerializer
    pagination_class = NamePagination


@extend_schema_view(get=extend_schema(operation_id="responses_get", summary="One response", tags=TAG))
class ResponseDetailView(BotView, RetrieveAPIView):
    """One response."""

    perms_map = {"GET": VIEW, "PUT": EDIT, "DELETE": EDIT}
    queryset = RESPONSES
    serializer_class = ResponseSerializer
    lookup_field = "name"

    @extend_schema(
        operation_id="responses_save",
        summary="Write it",
        description="Made where it is missing.",
        request=ResponseChangeSerializer,
        responses=ResponseSerializer,
        tags=TAG,
    )
    def put(self, request: Request, name: str) -> Response:
        body = self.validated_body(ResponseChangeSerializer)
        saved = services.save_response(bot=self.bot, name=name, by=self.user, **body)
        return Response(ResponseSerializer(saved).data)

    @extend_schema(
        operation_id="responses_delete", summary="Delete it", responses={200: DeletionMarkSerializer}, tags=TAG
    )
    def delete(self, request: Request, name: str) -> Response:
        mark = services.delete_response(response=self.get_object(), by=self.user)
        return Response(DeletionMarkSerializer({"mark": mark}).data)


@extend_schema_view(get=extend_schema(operation_id="synonyms_list", summary="Synonyms of entity values", tags=TAG))
class SynonymListView(BotView, ListAPIView):
    """All synonyms, and new ones."""

    perms_map = {"GET": VIEW, "POST": EDIT}
    queryset = SYNONYMS
    serializer_class = SynonymSerializer

    @extend_schema(
        operation_id="synonyms_save",
        summary="Say what a text means",
        request=NewSynonymSerializer,
        responses={201: SynonymSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        body = self.validated_body(NewSynonymSerializer)
        saved = services.save_synonym(bot=self.bot, by=self.user, **body)
        return Response(SynonymSerializer(saved).data, status=201)


class SynonymDetailView(AnyBotView):
    """One synonym."""

    perms_map = {"DELETE": EDIT}
    queryset = SYNONYMS
    lookup_url_kwarg = "id"

    @extend_schema(
        operation_id="synonyms_delete", summary="Delete it", responses={200: DeletionMarkSerializer}, tags=TAG
    )
    def delete(self, request: Request, id: int) -> Response:
        mark = services.delete_synonym(synonym=self.get_object(), by=self.user)
        return Response(DeletionMarkSerializer({"mark": mark}).data)
