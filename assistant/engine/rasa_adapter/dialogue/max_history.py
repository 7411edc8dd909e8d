"""How far back a model looks: its max_history, worked out from what its policies learned."""

from __future__ import annotations

import base64
import json
import zlib
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
    """The most that any policy of the model looks back."""
    policies = [
        node._component for node in processor.graph_runner.nodes.values() if isinstance(node._component, Policy)
    ]
    limits = [_states_of(policy) for policy in policies]
    rule_only = next((policy._get_rule_only_data() for policy in policies if isinstance(policy, RulePolicy)), None)
    if None in limits:
        return MaxHistory(None, rule_only)
    # One more than the longest: a state list that is cut off must not look like a conversation's start.
    return MaxHistory(max(map(int, filter(None, limits)), default=1) + 2, rule_only)


def _states_of(policy: Policy) -> int | None:
    if isinstance(policy, RulePolicy):
        rules = (key for keys in policy.lookup.values() if isinstance(keys, dict) for key in keys)
        return max((len(json.loads(rule)) for rule in rules), default=1)
    if isinstance(policy, UnexpecTEDIntentPolicy):  # it skips states that it has marked itself
        return None
    limit: int | None = policy.config.get("max_history")
    if limit is None and type(policy) is MemoizationPolicy:
        return max(map(_memorised_states, policy.lookup), default=1)
    return limit


def _memorised_states(key: str) -> int:
    """A key is a list of states as JSON without quotes, compressed by default."""
    depth = states = 0
    for sign in key if key.startswith("[") else zlib.decompress(base64.b64decode(key)).decode():
        depth += (sign == "{") - (sign == "}")
        states += sign == "{" and depth == 1
    return states
