"""Which handler does which kind of job. An upper app registers its own handlers in its `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from assistant.engine import OnProgress
from assistant.lib.errors import FrontdeskError
from training.models import Job

Finish = Callable[[], None]
Handler = Callable[[Job, OnProgress], Finish | None]
"""Does the job, and calls what it is given with its progress. What it raises ends the job: `Cancelled` as cancelled,
all else as failed, with the words of a FrontdeskError. What it returns, if anything, is called in the transaction that
marks the job as done: what it writes and the mark are there together, and not at all where another worker has the job
by now."""

H = TypeVar("H", bound=Callable[[Job, OnProgress], Finish | None] | Callable[[Job, OnProgress], None])
_handlers: dict[str, Callable[[Job, OnProgress], Finish | None]] = {}


class UnknownKind(FrontdeskError):
    """A job of an app or a version that is not here any more."""

    code = "unknown_kind"


def register_handler(kind: str) -> Callable[[H], H]:
    """Decorate the function that does jobs of this kind."""

    def register(handler: H) -> H:
        _handlers[kind] = handler
        return handler

    return register


def handler_of(kind: str) -> Handler:
    """Raises UnknownKind."""
    if kind not in _handlers:
        raise UnknownKind(f"Nothing here knows how to do '{kind}'.")
    return _handlers[kind]
