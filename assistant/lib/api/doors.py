"""What every address of the API has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from assistant.lib.api.asked import Query, Strict
from assistant.lib.api.errors import NotFound
from assistant.lib.api.pages import Newest

M = TypeVar("M", bound=Model)


class Door(APIView):
    """One address. `needs`: the permission that each method asks for; a method that is not there asks for none.
    `queries`: what may stand behind the question mark, by method; nothing where the method is not there."""

    needs: ClassVar[Mapping[str, str]] = {}
    queries: ClassVar[Mapping[str, type[Strict]]] = {}
    pagination_class: type[Newest] = Newest
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]  # no OPTIONS: the schema says it all

    @property
    def staff(self) -> User:
        return cast(User, self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        shape = self.queries.get("GET" if request.method == "HEAD" else request.method or "", Query)
        self.query = _checked(shape(data=request.query_params, context={"request": request}))

    def asked(self, shape: type[Strict]) -> dict[str, Any]:
        """The body. Raises ValidationError, which names the fields."""
        return _checked(shape(data=self.request.data, context={"request": self.request}))

    def page(self, rows: Any, shape: type[BaseSerializer], pages: Newest | None = None) -> Response:
        pager = pages or self.pagination_class()
        shown = pager.paginate_queryset(rows, self.request, view=self)
        return pager.get_paginated_response(shape(shown, many=True, context={"request": self.request}).data)


def found(rows: QuerySet[M], what: str, **lookup: Any) -> M:
    row = rows.filter(**lookup).first()
    if row is None:
        raise NotFound(f"There is no such {what}.")
    return row


def _checked(shape: Strict) -> dict[str, Any]:
    shape.is_valid(raise_exception=True)
    return shape.validated_data
