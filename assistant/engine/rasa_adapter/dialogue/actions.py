"""Custom actions run in this process: the endpoint that Rasa would post to calls the skills' actions itself."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from rasa.core.actions.action import ActionExecutionRejection
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection as Rejection

from assistant.engine.types import Json
from assistant.lib.database import DATABASE_AWAY

logger = logging.getLogger(__name__)


class ActionFailed(RasaException):
    """A custom action raised, is missing, or returned something that is no answer."""


@dataclass
class RunningTurn:
    """The turn that this task works on. `error`: the first action that is missing or `failed` in it; `seconds`: spent
    in actions; `dry`: nothing that has an effect runs; `away`: what an action raised because the database went away."""

    pool: Executor
    dry: bool = False
    error: str = ""
    failed: bool = False
    seconds: float = 0.0
    away: Exception | None = None

    def fail(self, action: str) -> None:
        """Note that `action` failed; the first one is told."""
        self.error, self.failed = self.error or action, True


running_turn: contextvars.ContextVar[RunningTurn] = contextvars.ContextVar("running_turn")


class InProcessActions(EndpointConfig):
    """`RemoteAction` needs only `request`, `kwargs` and `url` of its endpoint."""

    def __init__(self) -> None:
        super().__init__(url="")

    async def request(self, method: str = "post", json: Json | None = None, **kwargs: Any) -> Json:
        turn, call = running_turn.get(), json or {}
        name, started = call["next_action"], perf_counter()
        try:
            return await self._run(name, call, turn)
        except Rejection as rejection:
            raise ActionExecutionRejection(rejection.action_name, rejection.message) from rejection
        except Exception as error:
            if isinstance(error, DATABASE_AWAY):
                turn.away = error
            turn.fail(name)
            log_action_failure(name, error)
            raise ActionFailed(f"The action '{name}' failed.") from error
        finally:
            turn.seconds += perf_counter() - started

    async def _run(self, name: str, call: Json, turn: RunningTurn) -> Json:
        action = custom_actions().get(name)
        if action is None:
            # A missing validation lets every value pass, so that a form of an imported bot goes on.
            if not name.startswith("validate_") and name != "action_validate_slot_mappings":
                raise LookupError("no skill has this action")
            turn.error = turn.error or name
            return {"events": [], "responses": []}
        if turn.dry and getattr(getattr(action, "__self__", None), "safe_to_replay", False) is not True:
            return {"events": [], "responses": []}
        said = CollectingDispatcher()
        arguments = said, Tracker.from_dict(call["tracker"]), call.get("domain", {})

        def call_action() -> Any:
            close_old_connections()
            try:
                return action(*arguments)
            finally:
                close_old_connections()

        if inspect.iscoroutinefunction(action):
            events = await action(*arguments)
        else:
            # On its thread the action sees this task's context: which turn it works for.
            here = contextvars.copy_context()
            events = await asyncio.get_running_loop().run_in_executor(turn.pool, here.run, call_action)
            if inspect.isawaitable(events):
                events = await events
        return action_response(events, said.messages)


def action_response(events: Any, responses: list[Json]) -> Json:
    """What `RemoteAction` expects. Raises TypeError for events that are not dictionaries with a name."""
    events = list(events or [])
    for event in events:
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise TypeError("an action returned something else than a list of rasa_sdk events")
    return {"events": events, "responses": responses}


@lru_cache(maxsize=1)
def custom_actions() -> dict[str, Callable[..., Any]]:
    """The actions of all skills by name: the Action classes in the `actions` module of each."""
    executor = ActionExecutor()
    for app in settings.ASSISTANT_SKILLS:
        if not find_spec(f"{app}.actions"):
            continue
        for thing in vars(import_module(f"{app}.actions")).values():
            is_action = inspect.isclass(thing) and issubclass(thing, Action) and not inspect.isabstract(thing)
            if is_action and not thing.__module__.startswith("rasa_sdk"):  # a base class that was imported
                executor.register_action(thing)
    return dict(executor.actions)


def log_action_failure(name: str, error: Exception) -> None:
    """Where it failed, but not the error's words: they may repeat what somebody said."""
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{frame[0].filename}:{frame[0].lineno}" if frame else "?"
    logger.error("The action %s failed: %s at %s", name, type(error).__name__, where)
