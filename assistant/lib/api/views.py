"""The base of the API's views, and the view for addresses that lead nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast

from django import shortcuts
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from assistant.lib.api.serializers import QuerySerializer, StrictSerializer

M = TypeVar("M", bound=Model)


class ApiView(GenericAPIView):
    """A generic view that also validates the query string, by `query_serializer_class`, into `self.query`.

    `perms_map` names the permission that each method asks for; a method that is not in it is open to all staff.
    """

    perms_map: ClassVar[Mapping[str, str]] = {}
    query_serializer_class: type[StrictSerializer] = QuerySerializer
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]  # no OPTIONS: the schema says it all

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)  # before anything is said of its query
        serializer = self.get_query_serializer_class()(data=request.query_params, context={"request": request})
        serializer.is_valid(raise_exception=True)
        self.query = serializer.validated_data

    @property
    def user(self) -> User:
        """Who is logged in."""
        return cast(User, self.request.user)

    def get_query_serializer_class(self) -> type[StrictSerializer]:
        """Override it where methods take different queries, as `get_serializer_class`."""
        return self.query_serializer_class

    def validated_body(self, serializer_class: type[StrictSerializer]) -> dict[str, Any]:
        """Raises ValidationError, which names the fields."""
        serializer = serializer_class(data=self.request.data, context={"request": self.request})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def get_object(self) -> Any:
        """DRF's own, but the error names what is missing."""
        rows = self.filter_queryset(self.get_queryset())
        return get_object_or_404(rows, **{self.lookup_field: self.kwargs[self.lookup_url_kwarg or self.lookup_field]})


class NotFoundView(ApiView):
    """What no address matches is said in JSON, too."""

    authentication_classes = ()
    permission_classes = ()
    schema: Any = None  # it is no part of the API's description

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is nothing at this address.")


def get_object_or_404(queryset: QuerySet[M], what: str = "", **lookup: Any) -> M:
    """Django's, but the error says what there is not: `what`, or the name of the model."""
    try:
        return shortcuts.get_object_or_404(queryset, **lookup)
    except Http404:
        raise NotFound(f"There is no such {what or queryset.model._meta.verbose_name}.") from None
