"""Importing this module imports Rasa, without a word on the console and without a trace in the process.

Rasa's import sets `sys.excepthook` and the event loop policy, and adds log handlers; all are put back. Its telemetry
is off, and its structured log, which prints whole conversations, is reduced to event names. Its messaging channels and
JAX, which TensorFlow looks for, are left out: nobody here uses them, they take a quarter of the import's time, and one
of them calls git. So are the lists of what skops trusts: it imports all of scikit-learn for them and looks for each of
765 functions in every module there is, 2 s or more.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from assistant.engine.allow_lists.classifier_nodes import NODES

ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    "OPENBLAS_NUM_THREADS": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "LOG_LEVEL": "WARNING",
    "LOG_LEVEL_LIBRARIES": "ERROR",
}
CHANNELS = (
    "botframework",
    "callback",
    "facebook",
    "hangouts",
    "mattermost",
    "rasa_chat",
    "rocketchat",
    "slack",
    "socketio",
    "telegram",
    "twilio",
    "twilio_voice",
    "vier_cvg",
    "webexteams",
)
# Libraries that write to the console by handlers of their own.
LOUD = ("tensorflow", "future_stdlib", "matplotlib")


class EventNameLogger:
    """Stands in for Rasa's structured loggers: their arguments hold what people said, so only the event is logged."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def debug(self, event: str, **kwargs: Any) -> None:
        return None

    info = debug

    def warning(self, event: str, **kwargs: Any) -> None:
        self._log.warning("%s", event)

    def error(self, event: str, **kwargs: Any) -> None:
        self._log.error("%s", event)

    exception = critical = error


def silence_structured_logs() -> None:
    """Of all modules of Rasa that are imported by now."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rasa.") and hasattr(module, "structlogger"):
            vars(module)["structlogger"] = EventNameLogger(name)


class _EmptyChannelModule(ModuleType):
    """A channel module whose every class is a channel of that name."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"name": classmethod(lambda cls: self.__name__)})


def _trusted_types() -> ModuleType:
    """In the place of skops's lists: what we allow ourselves (`patches.restrictions`), and no more."""
    module = ModuleType("skops.io._trusted_types")
    vars(module).update(
        PRIMITIVES_TYPES=[int, float, str, bool],
        PRIMITIVE_TYPE_NAMES=sorted(NODES["TypeNode"]),
        SKLEARN_ESTIMATOR_TYPE_NAMES=sorted(NODES["ObjectNode"]),
        SCIPY_UFUNC_TYPE_NAMES=[],
        NUMPY_UFUNC_TYPE_NAMES=[],
        NUMPY_DTYPE_TYPE_NAMES=sorted(NODES["NdArrayNode"]),
    )
    return module


@contextmanager
def _lean_import() -> Iterator[None]:
    """Leaves out what nobody needs, and puts back what Rasa's import changes in the process."""
    absent: dict[str, Any] = {f"rasa.core.channels.{name}": _EmptyChannelModule(name) for name in CHANNELS}
    if "jax" not in sys.modules:
        absent["jax"] = None
    if "skops.io" not in sys.modules:
        absent["skops.io._trusted_types"] = _trusted_types()
    sys.modules.update(absent)
    policy, hook = asyncio.get_event_loop_policy(), sys.excepthook
    gc.disable()  # nearly all that is made now stays: to look through it time and again takes a second
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda *args, **kwargs: None
            yield
    finally:
        gc.enable()
    for name in absent:
        del sys.modules[name]
    asyncio.set_event_loop_policy(policy)
    sys.excepthook = hook
    for name in LOUD:
        logging.getLogger(name).handlers.clear()


for _name, _value in ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
with _lean_import():
    import absl.logging
    import rasa.core.actions.forms
    import rasa.core.actions.two_stage_fallback
    import rasa.core.nlg
    import rasa.core.processor
    import rasa.engine.recipes.default_components
    import rasa.shared.utils.io
    from threadpoolctl import threadpool_limits

    from assistant.engine.rasa_adapter.patches import restrictions

# One turn at a time: a second thread would only spin. The variable above is too late where NumPy was there before us.
threadpool_limits(1, user_api="blas")
# Whoever configures logging closes all handlers there are, and TensorFlow's then closes the stream that it found as
# standard error when it was imported, unless that is the process's own.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__
gc.collect()
gc.freeze()  # a million objects that stay: no collection need look at them again
restrictions.apply()
# Rasa's warnings repeat texts, and print in colour.
rasa.shared.utils.io.raise_warning = lambda *args, **kwargs: None
silence_structured_logs()
logging.getLogger("rasa").setLevel(logging.ERROR)
logging.getLogger("rasa_sdk").setLevel(logging.ERROR)
# It reports each slot that a former model of the conversation knew.
logging.getLogger("rasa.shared.core.trackers").setLevel(logging.CRITICAL)
