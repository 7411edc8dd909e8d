"""Responses and synonyms over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response as Answer

from assistant.lib.api.doors import found
from assistant.lib.api.pages import ByName
from training import services
from training.api.asked_data import NewSynonym, ResponseChange
from training.api.bots import BotDoor, OfAnyBot, OfBot, RowDoor
from training.api.shapes_data import Gone, ResponseShape, SynonymShape
from training.models import Bot, Response, Synonym

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]


def _responses(bot: Bot) -> Any:
    return Response.objects.filter(bot=bot, deleted=None)


class Responses(BotDoor):
    needs = {"GET": VIEW}
    pagination_class = ByName

    @extend_schema(
        operation_id="responses_list",
        summary="What the bot says, by name",
        parameters=[OfBot],
        responses=ResponseShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Answer:
        return self.page(_responses(self.bot()), ResponseShape)


class OneResponse(BotDoor):
    needs = {"GET": VIEW, "PUT": EDIT, "DELETE": EDIT}

    @extend_schema(
        operation_id="responses_get", summary="One response", parameters=[OfBot], responses=ResponseShape, tags=TAG
    )
    def get(self, request: Request, name: str) -> Answer:
        return Answer(ResponseShape(found(_responses(self.bot()), "response", name=name)).data)

    @extend_schema(
        operation_id="responses_save",
        summary="Write it",
        description="Made where it is missing.",
        parameters=[OfBot],
        request=ResponseChange,
        responses=ResponseShape,
        tags=TAG,
    )
    def put(self, request: Request, name: str) -> Answer:
        bot, asked = self.bot(), self.asked(ResponseChange)
        saved = services.save_response(bot=bot, name=name, by=self.staff, **asked)
        return Answer(ResponseShape(saved).data)

    @extend_schema(
        operation_id="responses_delete", summary="Delete it", parameters=[OfBot], responses={200: Gone}, tags=TAG
    )
    def delete(self, request: Request, name: str) -> Answer:
        response = found(_responses(self.bot()), "response", name=name)
        return Answer(Gone({"mark": services.delete_response(response=response, by=self.staff)}).data)


class Synonyms(BotDoor):
    needs = {"GET": VIEW, "POST": EDIT}

    @extend_schema(
        operation_id="synonyms_list",
        summary="Synonyms of entity values",
        parameters=[OfBot],
        responses=SynonymShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Answer:
        return self.page(Synonym.objects.filter(bot=self.bot(), deleted=None), SynonymShape)

    @extend_schema(
        operation_id="synonyms_save",
        summary="Say what a text means",
        parameters=[OfBot],
        request=NewSynonym,
        responses={201: SynonymShape},
        tags=TAG,
    )
    def post(self, request: Request) -> Answer:
        bot, asked = self.bot(), self.asked(NewSynonym)
        return Answer(SynonymShape(services.save_synonym(bot=bot, by=self.staff, **asked)).data, status=201)


class OneSynonym(RowDoor):
    needs = {"DELETE": EDIT}

    @extend_schema(
        parameters=[OfAnyBot], operation_id="synonyms_delete", summary="Delete it", responses={200: Gone}, tags=TAG
    )
    def delete(self, request: Request, id: int) -> Answer:
        synonym = found(self.among(Synonym.objects.filter(deleted=None)), "synonym", pk=id)
        return Answer(Gone({"mark": services.delete_synonym(synonym=synonym, by=self.staff)}).data)
