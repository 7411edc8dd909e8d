"""What the OpenAPI schema says beyond what drf-spectacular finds by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular import openapi
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiSerializerExtension

ERROR_SCHEMA = {
    "type": "object",
    "description": "What went wrong: `message` for people, `extra.code` for programs.",
    "required": ["message", "extra"],
    "properties": {
        "message": {"type": "string"},
        "extra": {
            "type": "object",
            "required": ["code"],
            "properties": {
                "code": {"type": "string", "example": "invalid"},
                "fields": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
                "retry_after": {"type": "number", "description": "Seconds."},
            },
            "additionalProperties": True,
        },
    },
}
ERROR_RESPONSES = {  # OpenAPI wants the status as text
    "400": "The request can't be taken: `extra.fields` says why, by field.",
    "401": "Log in first.",
    "403": "Your role does not allow this.",
    "404": "There is no such thing.",
    "409": "Somebody changed it meanwhile, or it is not in a state for this.",
    "429": "Too many requests: wait `Retry-After` seconds.",
    "default": "Any other error.",
}


class AutoSchema(openapi.AutoSchema):
    """Knows what our views take in the query string."""

    def get_override_parameters(self) -> list[Any]:
        """Only `ApiView` has a serializer of the query; one without fields would trip drf-spectacular."""
        get_class = getattr(self.view, "get_query_serializer_class", None)
        serializer = get_class()() if get_class else None
        return [serializer] if serializer and serializer.fields else []

    def get_description(self) -> str:
        return ""  # a view's docstring is for those who read the code


class StrictSerializerExtension(OpenApiSerializerExtension):
    """Bodies in which nothing else may stand."""

    target_class = "assistant.lib.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        # Private, but the only way to what drf-spectacular would have made without this extension.
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class LoginJWTScheme(SimpleJWTScheme):
    """Our tokens are sent as simplejwt's."""

    target_class = "assistant.lib.api.authentication.LoginJWTAuthentication"


def add_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook of drf-spectacular: the one form of errors, under every operation."""
    parts = result.setdefault("components", {})
    parts.setdefault("schemas", {})["Error"] = ERROR_SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    names = {status: f"Error{status.capitalize()}" for status in ERROR_RESPONSES}
    parts["responses"] = {
        names[status]: {"description": words, "content": content} for status, words in ERROR_RESPONSES.items()
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, name in names.items():
                # An operation may say something else of a status itself.
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{name}"})
    return result
