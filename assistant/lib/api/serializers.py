"""Serializers and fields of requests: what a serializer does not name is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

MAX_BIGINT = 2**63 - 1  # what both databases keep; a larger number would break the statement


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not have, by name: DRF's own would ignore a slip of the pen."""

    also_allowed: ClassVar[frozenset[str]] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        known = {name for name, field in self.fields.items() if not field.read_only} | self.also_allowed
        # All at once, and before the fields: a name with a slip of the pen would also be a field that is missing.
        if isinstance(data, Mapping) and (unknown := sorted(set(map(str, data)) - known)):
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class QuerySerializer(StrictSerializer):
    """The query string. What the pagination reads is allowed everywhere."""

    also_allowed = frozenset({"cursor", "page_size"})


class EmptySerializer(StrictSerializer):
    """A body that may be missing, or `{}`."""


class IdField(serializers.IntegerField):
    """The primary key of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_BIGINT, **kwargs)


class IdListField(serializers.ListField):
    """At least one row, at most a thousand."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=IdField(), min_length=1, max_length=1000, **kwargs)


class JsonObjectField(serializers.DictField):
    """An object that is passed on as it is."""
