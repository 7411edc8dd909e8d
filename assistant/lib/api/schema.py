"""What the OpenAPI schema says beyond what drf-spectacular finds by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiSerializerExtension

ERROR = {
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
_USUAL = {
    "400": "The request can't be taken: `extra.fields` says why, by field.",
    "401": "Log in first.",
    "403": "Your role does not allow this.",
    "404": "There is no such thing.",
    "409": "Somebody changed it meanwhile, or it is not in a state for this.",
    "429": "Too many requests: wait `Retry-After` seconds.",
    "default": "Any other error.",
}


class StrictShape(OpenApiSerializerExtension):
    """Bodies in which nothing else may stand."""

    target_class = "assistant.lib.api.asked.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**shape, "additionalProperties": False}


class TokenScheme(SimpleJWTScheme):
    target_class = "assistant.lib.api.authentication.TokenOfLogin"


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Hook: the one shape of errors, under every operation."""
    parts = result.setdefault("components", {})
    parts.setdefault("schemas", {})["Error"] = ERROR
    parts["responses"] = {_name(status): _answer(words) for status, words in _USUAL.items()}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status in _USUAL:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{_name(status)}"})
    return result


def _name(status: str) -> str:
    return f"Error{status.capitalize()}"


def _answer(words: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": words, "content": content}
