"""How far back a model can see."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import Policy
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.policies.unexpected_intent_policy import UnexpecTEDIntentPolicy
from rasa.core.processor import MessageProcessor

from assistant.engine.types import Json


@dataclass(frozen=True)
class MaxHistory:
    """`states`: how many states an answer can depend on (None: all). `rule_only`: the slots and loops that only rules
    know."""

    states: int | None
    rule_only: Json | None

    @property
    def turns(self) -> int | None:
        """A turn is at least two states: the message's, and that of the action it led to."""
        return None if self.states is None else self.states // 2 + 1


def max_history_of(processor: MessageProcessor) -> MaxHistory:
    policies = [
        node._component for node in processor.graph_runner.nodes.values() if isinstance(node._component, Policy)
    ]
    bounds = [_states_of(policy) for policy in policies]
    rule_only = next((p._get_rule_only_data() for p in policies if isinstance(p, RulePolicy)), None)
    # One more than the longest: a state list that is cut off must not look like a conversation's start.
    return MaxHistory(None if None in bounds else max(map(int, filter(None, bounds)), default=1) + 2, rule_only)


def _states_of(policy: Policy) -> int | None:
    if isinstance(policy, RulePolicy):
        return max((len(json.loads(key)) for key in _rules(policy)), default=1)
    if isinstance(policy, UnexpecTEDIntentPolicy):  # it skips states that it has marked itself
        return None
    limit: int | None = policy.config.get("max_history")
    if limit is None and type(policy) is MemoizationPolicy:
        return max(map(_memorised_states, policy.lookup), default=1)
    return limit


def _rules(policy: RulePolicy) -> Iterable[str]:
    return (key for keys in policy.lookup.values() if isinstance(keys, dict) for key in keys)


def _memorised_states(key: str) -> int:
    """A key is a list of states as JSON without quotes, compressed by default."""
    depth = states = 0
    for sign in key if key.startswith("[") else zlib.decompress(base64.b64decode(key)).decode():
        depth += (sign == "{") - (sign == "}")
        states += sign == "{" and depth == 1
    return states
