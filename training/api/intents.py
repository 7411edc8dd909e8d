"""Intents over HTTP."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.doors import found
from assistant.lib.api.pages import ByName
from assistant.lib.database import write_transaction
from training import services
from training.api.asked_data import IntentChange, Merge, NewIntent
from training.api.bots import BotDoor, OfBot
from training.api.shapes_data import Gone, IntentShape
from training.models import Bot, Example, Intent

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]


def _rows(bot: Bot) -> Any:
    alive = Q(examples__deleted=None)
    used = {use: Count("examples", alive & Q(examples__use=use)) for use in Example.Use.values}
    counted = {"training": used[Example.Use.TRAINING], "held_out": used[Example.Use.HELD_OUT]}
    return Intent.objects.filter(bot=bot, deleted=None).annotate(**counted)


def _one(bot: Bot, name: str) -> Intent:
    return found(_rows(bot), "intent", name=name)


class Intents(BotDoor):
    needs = {"GET": VIEW, "POST": EDIT}
    pagination_class = ByName

    @extend_schema(
        operation_id="intents_list",
        summary="Intents by name",
        parameters=[OfBot],
        responses=IntentShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        return self.page(_rows(self.bot()), IntentShape)

    @extend_schema(
        operation_id="intents_add",
        summary="A new intent",
        parameters=[OfBot],
        request=NewIntent,
        responses={201: IntentShape},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot = self.bot()
        intent = services.create_intent(bot=bot, name=self.asked(NewIntent)["name"], by=self.staff)
        return Response(IntentShape(_one(bot, intent.name)).data, status=201)


class OneIntent(BotDoor):
    needs = {"GET": VIEW, "PATCH": EDIT, "DELETE": EDIT}

    @extend_schema(
        operation_id="intents_get", summary="One intent", parameters=[OfBot], responses=IntentShape, tags=TAG
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(IntentShape(_one(self.bot(), name)).data)

    @extend_schema(
        operation_id="intents_change",
        summary="Rename it, say what it gets for an answer",
        parameters=[OfBot],
        request=IntentChange,
        responses=IntentShape,
        tags=TAG,
    )
    def patch(self, request: Request, name: str) -> Response:
        bot, asked = self.bot(), self.asked(IntentChange)
        intent = _one(bot, name)
        with write_transaction():
            if "answers" in asked:
                answers, revision = asked["answers"], asked["revision"]
                services.set_answer(intent=intent, texts=answers, by=self.staff, revision=revision)
            if asked.get("name", intent.name) != intent.name:
                services.rename_intent(intent=intent, name=asked["name"], by=self.staff, seen=name)
        return Response(IntentShape(_rows(bot).get(pk=intent.pk)).data)

    @extend_schema(
        operation_id="intents_delete",
        summary="Delete it with its examples",
        parameters=[OfBot],
        responses={200: Gone},
        tags=TAG,
    )
    def delete(self, request: Request, name: str) -> Response:
        return Response(Gone({"mark": services.delete_intent(intent=_one(self.bot(), name), by=self.staff)}).data)


class Merging(BotDoor):
    needs = {"POST": EDIT}

    @extend_schema(
        operation_id="intents_merge",
        summary="Give its examples to another intent, and delete it",
        parameters=[OfBot],
        request=Merge,
        responses=IntentShape,
        tags=TAG,
    )
    def post(self, request: Request, name: str) -> Response:
        bot, into = self.bot(), self.asked(Merge)["into"]
        services.merge_intents(source=_one(bot, name), target=_one(bot, into), by=self.staff)
        return Response(IntentShape(_one(bot, into)).data)
