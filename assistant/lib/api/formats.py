"""JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from assistant.lib import strict_json
from assistant.lib.api.errors import Malformed, TooLarge


class StrictJson(JSONParser):
    """Standard JSON in UTF-8 of a bounded size. DRF's own reads whatever comes, into memory."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge(f"A request has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")
        try:
            return strict_json.parse_json(raw.decode())
        except ValueError:
            raise Malformed("The body is not JSON in UTF-8 that can be kept.") from None


class Json(JSONRenderer):
    """In UTF-8. Half a surrogate pair, which a visitor's metadata may hold, stays escaped."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        try:
            return super().render(data, *args, **kwargs)
        except UnicodeEncodeError:
            return json.dumps(data, cls=self.encoder_class).encode()
