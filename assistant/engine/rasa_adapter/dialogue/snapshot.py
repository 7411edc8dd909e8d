"""What a snapshot keeps of a conversation: its state before the events that are still there.

The keys of the JSON (`origin`, `moment`, `fold`) are stored with conversations, and so never change.
"""

from __future__ import annotations

from dataclasses import dataclass

from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker, TrackerActiveLoop

from assistant.engine.rasa_adapter.dialogue.events import essential_parse_data
from assistant.engine.types import Json


@dataclass(frozen=True)
class TrackerState:
    """What a tracker knows before a message, besides its events. The fields' names are stored."""

    slots: Json
    loop: Json | None
    action: Json
    followup: str | None
    paused: bool

    @classmethod
    def of(cls, tracker: DialogueStateTracker) -> TrackerState:
        """The state that `tracker` is in now."""
        loop = tracker.active_loop
        trigger = essential_parse_data(loop.trigger_message or {}) if loop else {}
        return cls(
            slots={name: slot.value for name, slot in tracker.slots.items() if slot.has_been_set},
            loop={**vars(loop), "trigger_message": trigger} if loop else None,
            action=dict(tracker.latest_action or {}),
            followup=tracker.followup_action,
            paused=tracker.is_paused(),
        )

    def put_on(self, tracker: DialogueStateTracker) -> None:
        """Bring `tracker` into this state. Slots that its domain does not know are passed over."""
        for name, value in self.slots.items():
            if name in tracker.slots:
                tracker.slots[name].value = value
        tracker.active_loop = TrackerActiveLoop(**self.loop) if self.loop else None
        tracker.latest_action = dict(self.action)
        tracker.followup_action = self.followup
        tracker._paused = self.paused


@dataclass(frozen=True)
class ActionStep:
    """The state before one executed action. `sticky`: this action does not change whether a rule's turn is hidden."""

    state: State
    hidden: bool
    sticky: bool
    action: Json


@dataclass(frozen=True)
class PolicyStates:
    """The states that policies see, after the method of `Domain.states_for_tracker_history`, one step at a time.

    `plain` is what rules see; `learned` leaves out the turns that only rules know (`RULE_ONLY_*`). The fields' names
    are stored.
    """

    plain: tuple[State, ...] = ()
    learned: tuple[State, ...] = ()
    action: Json | None = None
    hidden: bool = False

    def then(self, step: ActionStep, rule_only: Json | None) -> PolicyStates:
        """These states and the one of `step`. `rule_only`: the slots and loops that only rules know."""
        plain = (*self.plain, step.state)
        action = self.action if self.hidden else step.action
        hidden = self.hidden if step.sticky else step.hidden
        if hidden:
            return PolicyStates(plain, self.learned, action, hidden)
        state = {kind: dict(sub) for kind, sub in step.state.items()}
        Domain._remove_rule_only_features(state, rule_only)
        if self.learned:
            Domain._substitute_rule_only_user_input(state, self.learned[-1])
        if action:
            state["prev_action"] = action
        return PolicyStates(plain, (*self.learned, Domain._clean_state(state)), action, hidden)

    def last(self, states: int | None) -> PolicyStates:
        """Only the last so many (None: all)."""
        if states is None:
            return self
        return PolicyStates(self.plain[-states:], self.learned[-states:], self.action, self.hidden)


@dataclass(frozen=True)
class Summary:
    """What is left of the events before the first one that is kept. `loops`: the names of all loops seen."""

    state: TrackerState
    policy_states: PolicyStates
    loops: frozenset[str] = frozenset()

    def slot_events(self) -> list[Event]:
        """Events that set the slots as they are here."""
        return [SlotSet(name, value) for name, value in self.state.slots.items()]

    def as_json(self) -> Json:
        """For the snapshot."""
        return {"moment": vars(self.state), "fold": vars(self.policy_states), "loops": sorted(self.loops)}

    @classmethod
    def from_json(cls, json: Json) -> Summary:
        """Of what `as_json` gave, perhaps in an earlier release."""
        fold = json["fold"]
        plain, learned = (tuple(_state_from_json(state) for state in fold[kind]) for kind in ("plain", "learned"))
        state = TrackerState(**json["moment"])
        return cls(state, PolicyStates(plain, learned, fold["action"], fold["hidden"]), frozenset(json["loops"]))


def _state_from_json(state: Json) -> State:
    # JSON turns the tuples of a state (slot features, entities) into lists; rules compare them with tuples.
    return {
        kind: {name: tuple(value) if isinstance(value, list) else value for name, value in sub.items()}
        for kind, sub in state.items()
    }
