"""A conversation's state that does not grow with the conversation.

Rasa computes a policy's input from all events since the session began. Here the far past is replaced by a `Summary`:
slots, active loop and the last few states that rules and policies can still see. What follows it is kept as events:
`head`, the applied ones (a revert may still reach them), and `recent`, all of the last turns (the two-stage fallback
counts reverted messages too). A snapshot is these three as JSON.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from rasa.shared.core.constants import ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from assistant.engine.rasa_adapter.dialogue.events import (
    ACTION,
    LOOP,
    NEW_SESSION,
    USER,
    event_to_json,
    events_from_json,
    without_superseded,
)
from assistant.engine.rasa_adapter.dialogue.snapshot import ActionStep, PolicyStates, Summary, TrackerState
from assistant.engine.types import Json

RECENT_TURNS = 3  # TwoStageFallbackAction looks at three messages, reverted ones among them
REVERT_TURNS = 4  # so many turns before those can be taken back ("/back"); beyond, all of the history is read


class HistoryTooShort(Exception):
    """This turn needs all events of the conversation."""


@dataclass
class _View:
    """The conversation as policies see it: the applied events only, replayed. `seen`: how many of them."""

    tracker: DialogueStateTracker
    states: PolicyStates
    seen: int = 0


class BoundedTracker(DialogueStateTracker):
    """`max_states`: how many states a policy can depend on (None: all of them). `rule_only`: see `PolicyStates`.

    An event that takes back more than is kept raises HistoryTooShort if `can_reread`; else the conversation is taken
    to have begun there.
    """

    events: list[Event]
    _view: _View | None
    _present: tuple[int, PolicyStates]  # how many events there were, and the states then

    def __init__(self, sender: str, domain: Domain, max_states: int | None, rule_only: Json | None = None) -> None:
        self._domain, self._max_states, self._rule_only = domain, max_states, rule_only
        self.summary: Summary | None = None
        self.can_reread = False
        # Where each of the recent turns begins in `events`, and the state before it.
        self._turns: list[tuple[int, TrackerState]] = []
        self._forget_caches()
        super().__init__(sender, domain.slots)

    # What Rasa calls.

    def _create_events(self, evts: Sequence[Event]) -> list[Event]:
        return list(evts)

    def init_copy(self) -> DialogueStateTracker:
        return DialogueStateTracker(self.sender_id, self.slots.values())

    def copy(self) -> BoundedTracker:
        twin = copy.copy(self)
        twin.events = list(self.events)
        twin.slots = {name: copy.copy(slot) for name, slot in self.slots.items()}
        twin.active_loop = copy.copy(self.active_loop)
        twin.model_id = twin.assistant_id = None
        twin._forget_caches()
        return twin

    def applied_events(self) -> list[Event]:
        applied = self._applied()
        if self.summary and not self._session_began:
            return self.summary.slot_events() + applied
        return applied

    def events_after_latest_restart(self) -> list[Event]:
        start = self.idx_after_latest_restart()
        if self.summary is None or start:
            return self.events[start:]
        loop = self.summary.state.loop
        return self.summary.slot_events() + ([ActiveLoop(loop["name"])] if loop else []) + self.events

    def replay_events(self) -> None:
        applied = self._applied()
        if self.summary and not self._session_began:
            self.summary.state.put_on(self)
        for event in applied:
            event.apply_to(self)

    def past_states(
        self,
        domain: Domain,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: Json | None = None,
    ) -> list[State]:
        """The states that Rasa would compute, at least those that a policy can depend on. The caller owns them."""
        # Policies ask for it several times between two events.
        asked_at, present = self._present
        if asked_at != len(self.events):
            applied = self._applied()
            view = self._view = self._view or self._view_from_summary()
            self._show(view, applied[view.seen :])
            present = view.states.then(self._step(view.tracker, hidden=False), self._rule_only)
            self._present = len(self.events), present
        states = present.learned if ignore_rule_only_turns else present.plain
        return [{kind: dict(sub) for kind, sub in state.items()} for state in states]

    # What the engine calls.

    def begin_turn(self) -> None:
        """A message of the visitor comes next."""
        self._turns = [*self._turns, (len(self.events), TrackerState.of(self))][-RECENT_TURNS:]

    def forget_far_past(self) -> None:
        """Put a summary in the place of what the next turns cannot depend on."""
        self._applied()
        if self._session_began:
            self._drop_former_sessions()
        cut = self._turns[0][0] if self._turns else 0
        head: list[Event] = []
        for event in self.events[:cut]:
            self._absorb(event, head)
        recent = self.events[cut:]
        keep = self._start_of_kept(head)
        if keep:
            view = self._view_from_summary()
            self._show(view, head[:keep])
            loops = frozenset(self._known_loops())
            self.summary = Summary(TrackerState.of(view.tracker), view.states.last(self._max_states), loops)
        kept = without_superseded(head[keep:])
        self._turns = [(len(kept) + i - cut, state) for i, state in self._turns]
        self.events = kept + recent
        self._keep_caches(head, kept)

    def snapshot(self) -> Json:
        """Call it after `forget_far_past`."""
        cut, state = self._turns[0]
        return {
            "origin": self.summary and self.summary.as_json(),
            "head": [event_to_json(event) for event in self.events[:cut]],
            "moment": vars(state),
            "recent": [event_to_json(event) for event in self.events[cut:]],
            "turns": [i - cut for i, _ in self._turns],
        }

    def restore(self, snapshot: Json) -> None:
        """Take the state of a snapshot."""
        self.summary = Summary.from_json(snapshot["origin"]) if snapshot["origin"] else None
        self.events = events_from_json(snapshot["head"])
        self._forget_caches()
        TrackerState(**snapshot["moment"]).put_on(self)
        for i, event in enumerate(events_from_json(snapshot["recent"])):
            if i in snapshot["turns"]:
                self.begin_turn()
            self.update(event)

    def replay(self, events: Sequence[Json]) -> None:
        """Turns that were taken since the snapshot, or the whole conversation."""
        for event in events_from_json(events):
            if event.type_name == USER:
                self.begin_turn()
            self.update(event)

    def leave_unknown_loop(self) -> None:
        """The conversation may have begun with another model."""
        if self.active_loop_name and self.active_loop_name not in self._domain.action_names_or_texts:
            self.update(ActiveLoop(None))

    # The applied events, taken in one by one.

    def _forget_caches(self) -> None:
        self._applied_events: list[Event] = []
        self._absorbed = 0
        self._session_began = False
        self._loops: set[str] = set()
        self._view = None
        self._present = -1, PolicyStates()

    def _applied(self) -> list[Event]:
        """`DialogueStateTracker.applied_events`, event by event. A loop's name counts for events before it, too."""
        new = self.events[self._absorbed :]
        names = {event.name for event in new if event.type_name in LOOP and event.name} - self._known_loops()
        if names and self._absorbed:
            loops = self._loops | names
            self._forget_caches()
            self._loops, new = loops, self.events
        self._loops |= names
        for event in new:
            self._session_began = self._session_began or event.type_name in NEW_SESSION
            if not self._absorb(event, self._applied_events):
                self._view = None
        self._absorbed = len(self.events)
        return self._applied_events

    def _known_loops(self) -> set[str]:
        return self._loops | self.summary.loops if self.summary else self._loops

    def _absorb(self, event: Event, applied: list[Event]) -> bool:
        """Whether the event was just added."""
        if event.type_name in NEW_SESSION:
            applied.clear()
        elif event.type_name == ActionReverted.type_name:
            self._undo_till_previous(ActionExecuted, applied)
        elif event.type_name == UserUtteranceReverted.type_name:
            self._undo_till_previous(UserUttered, applied)
            self._undo_till_previous(ActionExecuted, applied)
        elif (
            event.type_name == ACTION
            and event.action_name in self._known_loops()
            and not self._first_loop_execution_or_unhappy_path(event.action_name, applied)
        ):
            self._undo_till_previous_loop_execution(event.action_name, applied)
        else:
            applied.append(event)
            return True
        return False

    def _undo_till_previous(self, event_type: type[Event], done_events: list[Event]) -> None:
        while done_events:
            if isinstance(done_events.pop(), event_type):
                return
        if self.summary is None or self._session_began:
            return
        if self.can_reread:
            raise HistoryTooShort
        self.summary = None

    def _keep_caches(self, head: list[Event], kept: list[Event]) -> None:
        """Only the applied events' list has become shorter, unless a recent event reached into the head."""
        view, applied = self._view, self._applied_events
        self._forget_caches()
        untouched = len(applied) >= len(head) and all(a is b for a, b in zip(applied, head, strict=False))
        if view is None or not untouched or view.seen < len(head):
            return
        self._applied_events, self._absorbed = kept + applied[len(head) :], len(self.events)
        self._loops = {event.name for event in self.events if event.type_name in LOOP and event.name}
        self._session_began = any(event.type_name in NEW_SESSION for event in self.events)
        self._view = _View(view.tracker, view.states.last(self._max_states), view.seen - len(head) + len(kept))

    # What policies see of them.

    def _view_from_summary(self) -> _View:
        tracker = DialogueStateTracker(self.sender_id, self._domain.slots)
        if self.summary and not self._session_began:
            self.summary.state.put_on(tracker)
            return _View(tracker, self.summary.policy_states)
        return _View(tracker, PolicyStates())

    def _show(self, view: _View, events: Sequence[Event]) -> None:
        for event in events:
            if event.type_name == ACTION:
                view.states = view.states.then(self._step(view.tracker, event.hide_rule_turn), self._rule_only)
            event.apply_to(view.tracker)
        view.seen += len(events)

    def _step(self, tracker: DialogueStateTracker, hidden: bool) -> ActionStep:
        sticky = bool(tracker.followup_action) or tracker.latest_action_name == tracker.active_loop_name
        return ActionStep(self._domain.get_active_state(tracker), hidden, sticky, tracker.latest_action or {})

    # What is forgotten.

    def _start_of_kept(self, head: list[Event]) -> int:
        """Where the turns begin that may be reverted, or that a policy may replay (AugmentedMemoizationPolicy does)."""
        if self._max_states is None:
            return 0
        turns = actions = 0
        for i in range(len(head) - 1, -1, -1):
            turns += head[i].type_name == USER
            actions += head[i].type_name == ACTION
            if turns >= REVERT_TURNS and actions > self._max_states and head[i].type_name == USER:
                return i
        return 0

    def _drop_former_sessions(self) -> None:
        start = max(i for i, event in enumerate(self.events) if event.type_name in NEW_SESSION)
        if start and getattr(self.events[start - 1], "action_name", "") == ACTION_SESSION_START_NAME:
            start -= 1
        if not start:
            return
        blank = TrackerState.of(DialogueStateTracker(self.sender_id, self._domain.slots))
        self._turns = [(0, blank), *((i - start, state) for i, state in self._turns if i > start)]
        self.events, self.summary = self.events[start:], None
        self._forget_caches()
