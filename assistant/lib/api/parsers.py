"""JSON that comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

from assistant.lib import strict_json


class RequestTooLarge(APIException):
    """DRF has no such error."""

    status_code = 413
    default_detail = "That is more than one request may carry."
    default_code = "too_large"


class StrictJSONParser(JSONParser):
    """Standard JSON in UTF-8 of a bounded size. DRF's own reads whatever comes, into memory."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)  # one byte more tells what is too large from what just fits
        if len(raw) > limit:
            raise RequestTooLarge(f"A request has at most {limit:,} bytes.")
        try:
            return strict_json.parse_json(raw.decode())
        except ValueError:
            raise ParseError("The body is not JSON in UTF-8 that can be kept.") from None
