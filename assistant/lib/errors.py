"""The base class of errors that are shown to whoever caused them."""

from __future__ import annotations

from typing import Any


class FrontdeskError(Exception):
    """`message` may be shown to anyone; `code` is stable, for programs; `extra` is detail by field."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, code: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.extra = extra


class ChangedMeanwhile(FrontdeskError):
    """Somebody else changed it since it was shown. `extra` may say who, and what it is now."""

    code = "changed_meanwhile"
    status = 409
