"""Shapes of what comes in: what is not in the shape is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

LARGEST = 2**63 - 1
PAGING = {"cursor", "page_size"}


class Strict(serializers.Serializer):
    def to_internal_value(self, data: Any) -> Any:
        known = {name for name, field in self.fields.items() if not field.read_only} | self._beside()
        if isinstance(data, Mapping) and (unknown := sorted(set(map(str, data)) - known)):
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)

    def _beside(self) -> set[str]:
        return set()


class Query(Strict):
    """What stands behind the question mark; a list's cursor may stand there, too."""

    def _beside(self) -> set[str]:
        return PAGING


class Nothing(Strict):
    """A body that may be missing, or `{}`."""


class Id(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST, **kwargs)


class Ids(serializers.ListField):
    """At least one row, at most a thousand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Id(), min_length=1, max_length=1000, **kwargs)


class Json(serializers.DictField):
    """An object that is passed on as it is."""


__all__ = ["LARGEST", "Id", "Ids", "Json", "Nothing", "Query", "Strict"]
