"""What Rasa does again for every message, and need not. It changes no answer: tests/assistant/test_engine_stock.py.

The larger part is not here, but in what replaces Rasa's own: `tracker` (states are not rebuilt from all events),
`runner` (no Dask), `processor` (no stores, locks and copies), `actions` (no HTTP).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import rasa.core.actions.forms
import rasa.core.policies.memoization
import rasa.core.policies.policy
import rasa.core.policies.rule_policy
import rasa.core.processor
import rasa.shared.core.events
import rasa.shared.utils.common
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.domain import State
from rasa.shared.core.events import Event

from assistant.engine.types import Json

Key = tuple[str | None, str | None]


class _Uncopied:
    """Stands in for `copy` in modules that copy only what they log at debug level."""

    @staticmethod
    def deepcopy(thing: Any) -> Any:
        return thing


ONLY_LOGGED = (
    rasa.core.actions.forms,
    rasa.core.policies.memoization,
    rasa.core.policies.rule_policy,
    rasa.core.processor,
)


def apply() -> None:
    for module in ONLY_LOGGED:
        module.copy = _Uncopied
    rasa.core.policies.policy.Policy.format_tracker_states = staticmethod(_not_formatted)
    Event.resolve_by_type = staticmethod(_event_class)
    RemoteAction._validate_action_result = _has_been_validated
    RulePolicy._get_possible_keys = _possible_keys


def _not_formatted(states: list[State]) -> str:
    """Rasa writes all states out for its debug log."""
    return ""


_classes: dict[str, type[Event]] = {}
_find_event_class: Callable[..., type[Event] | None] = Event.resolve_by_type


def _event_class(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """Rasa looks through all subclasses of Event, for each event that it reads."""
    if type_name not in _classes:
        found = _find_event_class(type_name, default)
        if found is None or found is default:
            return found
        _classes[type_name] = found
    return _classes[type_name]


def _has_been_validated(self: RemoteAction, result: Json) -> bool:
    """`actions.answer_of` has seen to it. Rasa compiles a JSON schema here, 21 ms a call."""
    return True


_filter_keys: Callable[..., set[str]] = RulePolicy._get_possible_keys


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
    """Rasa compares each rule with the last state; most of them fail by the last action or the intent."""
    if not states:
        return _filter_keys(self, lookup, states)
    index, (action, intent) = _index_of(self, lookup), _key_of(states[-1])
    wanted = {(action, intent), (action, None), (None, intent), (None, None)}
    return _filter_keys(self, {rule: "" for key in wanted for rule in index.get(key, ())}, states)


def _index_of(policy: RulePolicy, lookup: dict[str, str]) -> dict[Key, list[str]]:
    indices = vars(policy).setdefault("_indices", {})
    if id(lookup) not in indices:
        index: dict[Key, list[str]] = defaultdict(list)
        for rule in lookup:
            index[_key_of(policy._rule_key_to_state(rule)[-1])].append(rule)
        indices[id(lookup)] = index
    found: dict[Key, list[str]] = indices[id(lookup)]
    return found


def _key_of(state: State) -> Key:
    """The last action and the intent, None where a rule leaves them open."""
    action, intent = state.get("prev_action", {}).get("action_name"), state.get("user", {}).get("intent")
    return (None if action == "should_not_be_set" else action), (None if intent == "should_not_be_set" else intent)
