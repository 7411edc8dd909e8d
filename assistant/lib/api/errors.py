"""What the API refuses with."""

from __future__ import annotations

from typing import Any

from assistant.lib.errors import FrontdeskError


class NotFound(FrontdeskError):
    code = "not_found"
    status = 404


class TooLarge(FrontdeskError):
    code = "too_large"
    status = 413


class TooFast(FrontdeskError):
    code = "rate_limited"
    status = 429


class Malformed(FrontdeskError):
    """What came can't be read at all."""

    code = "parse_error"


def body_of(error: FrontdeskError) -> dict[str, Any]:
    """The one shape of errors: words for people, a code for programs."""
    return {"message": error.message, "extra": {"code": error.code, **error.extra}}
