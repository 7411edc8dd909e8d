"""The face of the conversational engine: everything else talks to `get_engine()` and these types."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from assistant.engine.errors import Cancelled, EngineError, ModelRefused, TrainingFailed, TurnTimeout
from assistant.engine.types import (
    Archive,
    Bundle,
    Engine,
    Guess,
    History,
    Labelled,
    Limits,
    Model,
    OnProgress,
    OutMessage,
    Parse,
    Progress,
    Reply,
    Turn,
    Window,
)

__all__ = [
    "Archive",
    "Bundle",
    "Cancelled",
    "Engine",
    "EngineError",
    "Guess",
    "History",
    "Labelled",
    "Limits",
    "Model",
    "ModelRefused",
    "OnProgress",
    "OutMessage",
    "Parse",
    "Progress",
    "Reply",
    "TrainingFailed",
    "Turn",
    "TurnTimeout",
    "Window",
    "get_engine",
]


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The engine named by `settings.ASSISTANT_ENGINE`, one per process."""
    engine: Engine = import_string(settings.ASSISTANT_ENGINE)()
    return engine
