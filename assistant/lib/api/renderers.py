"""JSON that goes out."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.renderers import JSONRenderer


class SurrogateSafeJSONRenderer(JSONRenderer):
    """In UTF-8. Half a surrogate pair, which a visitor's metadata may hold, stays escaped."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        try:
            return super().render(data, *args, **kwargs)
        except UnicodeEncodeError:  # rare, so it is not looked for before
            return json.dumps(data, cls=self.encoder_class).encode()
