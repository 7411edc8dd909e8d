"""What Rasa does again for every message, and need not. It changes no answer: tests/assistant/test_engine_stock.py.

The larger part is not here, but in what replaces Rasa's own: `tracker` (states are not rebuilt from all events),
`graph_runner` (no Dask), `processor` (no stores, locks and copies), `actions` (no HTTP).
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
    """In this process, from now on."""
    for module in ONLY_LOGGED:
        module.copy = _Uncopied
    # Rasa writes all states out for its debug log.
    rasa.core.policies.policy.Policy.format_tracker_states = staticmethod(lambda states: "")
    Event.resolve_by_type = staticmethod(_event_class)
    # Rasa compiles a JSON schema here, 21 ms a call; `actions.action_response` has seen to it.
    RemoteAction._validate_action_result = lambda self, result: True
    RulePolicy._get_possible_keys = _possible_keys


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


_filter_keys: Callable[..., set[str]] = RulePolicy._get_possible_keys


def _possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
    """Rasa compares each rule with the last state; most of them fail by the last action or the intent."""
    if not states:
        return _filter_keys(self, lookup, states)
    indices = vars(self).setdefault("_indices", {})
    if id(lookup) not in indices:
        new: dict[Key, list[str]] = defaultdict(list)
        for rule in lookup:
            new[_key_of(self._rule_key_to_state(rule)[-1])].append(rule)
        indices[id(lookup)] = new
    index, (action, intent) = indices[id(lookup)], _key_of(states[-1])
    wanted = {(action, intent), (action, None), (None, intent), (None, None)}
    return _filter_keys(self, {rule: "" for key in wanted for rule in index.get(key, ())}, states)


def _key_of(state: State) -> Key:
    """The last action and the intent, None where a rule leaves them open."""
    action, intent = state.get("prev_action", {}).get("action_name"), state.get("user", {}).get("intent")
    return (None if action == "should_not_be_set" else action), (None if intent == "should_not_be_set" else intent)
