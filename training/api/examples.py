"""Examples over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.lib.api.doors import found
from training import services
from training.api.asked_data import ChosenExamples, ExampleChange, ExampleFilters, HoldOut, Move, NewExample, Restore
from training.api.bots import BotDoor, OfAnyBot, OfBot, RowDoor
from training.api.shapes_data import Count, ExampleShape, Gone
from training.models import Example

VIEW, EDIT = "training.view_bot", "training.edit_data"
TAG = ["Training data"]


def _rows() -> Any:
    rows = Example.objects.filter(deleted=None, intent__deleted=None)
    return rows.select_related("intent", "updated_by").defer("vector")


class ExampleDoor(RowDoor):
    def example(self, id: int) -> Example:
        return found(self.among(_rows()), "example", pk=id)

    def ids(self, asked: Mapping[str, Any]) -> list[int]:
        """Those of them that are there."""
        return list(self.among(_rows()).filter(pk__in=asked["ids"]).values_list("pk", flat=True))


class Examples(BotDoor):
    needs = {"GET": VIEW, "POST": EDIT}
    queries = {"GET": ExampleFilters, "POST": OfBot}

    @extend_schema(
        operation_id="examples_list",
        summary="Examples, newest first",
        parameters=[ExampleFilters],
        responses=ExampleShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        names = {"intent": "intent__name", "use": "use", "origin": "origin", "q": "text__icontains"}
        wanted = {lookup: self.query[name] for name, lookup in names.items() if name in self.query}
        return self.page(_rows().filter(bot=self.bot(), **wanted), ExampleShape)

    @extend_schema(
        operation_id="examples_add",
        summary="Teach an example",
        description="The same text under the same intent is the same example.",
        parameters=[OfBot],
        request=NewExample,
        responses={201: ExampleShape},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot, asked = self.bot(), self.asked(NewExample)
        return Response(ExampleShape(services.add_example(bot=bot, by=self.staff, **asked)).data, status=201)


class OneExample(ExampleDoor):
    needs = {"GET": VIEW, "PATCH": EDIT, "DELETE": EDIT}

    @extend_schema(
        parameters=[OfAnyBot], operation_id="examples_get", summary="One example", responses=ExampleShape, tags=TAG
    )
    def get(self, request: Request, id: int) -> Response:
        return Response(ExampleShape(self.example(id)).data)

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="examples_change",
        summary="Change it",
        request=ExampleChange,
        responses=ExampleShape,
        tags=TAG,
    )
    def patch(self, request: Request, id: int) -> Response:
        asked = self.asked(ExampleChange)
        services.change_example(example=self.example(id), by=self.staff, **asked)
        return Response(ExampleShape(self.example(id)).data)

    @extend_schema(
        parameters=[OfAnyBot], operation_id="examples_delete", summary="Delete it", responses={200: Gone}, tags=TAG
    )
    def delete(self, request: Request, id: int) -> Response:
        mark = services.delete_examples(ids=[self.example(id).pk], by=self.staff)
        return Response(Gone({"mark": mark}).data)


class MovingExamples(ExampleDoor):
    needs = {"POST": EDIT}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="examples_move",
        summary="Give several another intent",
        request=Move,
        responses=Count,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        asked = self.asked(Move)
        return Response({"count": services.move_examples(ids=self.ids(asked), intent=asked["intent"], by=self.staff)})


class HoldingOut(ExampleDoor):
    needs = {"POST": EDIT}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="examples_hold_out",
        summary="Keep several for evaluation, or train on them again",
        request=HoldOut,
        responses=Count,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        asked = self.asked(HoldOut)
        ids = self.ids(asked)
        services.hold_out_examples(ids=ids, held_out=asked["held_out"], by=self.staff)
        return Response({"count": len(ids)})


class DeletingExamples(ExampleDoor):
    needs = {"POST": EDIT}

    @extend_schema(
        parameters=[OfAnyBot],
        operation_id="examples_delete_many",
        summary="Delete several together",
        request=ChosenExamples,
        responses={200: Gone},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        mark = services.delete_examples(ids=self.ids(self.asked(ChosenExamples)), by=self.staff)
        return Response(Gone({"mark": mark}).data)


class Restoring(BotDoor):
    needs = {"POST": EDIT}

    @extend_schema(
        operation_id="training_data_restore",
        summary="Bring back what was deleted",
        description="Examples, intents, responses and synonyms: whatever was deleted under this mark.",
        parameters=[OfBot],
        request=Restore,
        responses=Count,
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        bot, mark = self.bot(), self.asked(Restore)["mark"]
        return Response({"count": services.restore_deleted(bot=bot, mark=mark, by=self.staff).count})
