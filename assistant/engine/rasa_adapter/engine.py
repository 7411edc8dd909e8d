"""Rasa behind the seam."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from assistant.engine.errors import EngineError
from assistant.engine.rasa_adapter import quiet, speed  # quiet first: it imports Rasa
from assistant.engine.rasa_adapter.lanes import Lanes
from assistant.engine.rasa_adapter.models import Loaded, Models
from assistant.engine.rasa_adapter.tracker import BoundedTracker, HistoryTooShort
from assistant.engine.rasa_adapter.training import train
from assistant.engine.types import Archive, Bundle, Json, Model, Parse, Progress, Reply, Turn, Window

KEPT_TRACKERS = 2_000
LOAD_SECONDS = 120.0
PARSE_SECONDS = 30.0


class Trackers:
    """The trackers of recent conversations. One that is taken out and not put back is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[int, BoundedTracker]] = OrderedDict()

    def take(self, model: Model, turn: Turn) -> BoundedTracker | None:
        with self._lock:
            position, tracker = self._kept.pop((model.sha256, turn.sender), (-1, None))
        return tracker if position == turn.history.position else None

    def put(self, model: Model, turn: Turn, position: int, tracker: BoundedTracker) -> None:
        with self._lock:
            self._kept[model.sha256, turn.sender] = position, tracker
            while len(self._kept) > KEPT_TRACKERS:
                self._kept.popitem(last=False)


class RasaEngine:
    """Called from many threads at once; Rasa itself runs on the threads of `Lanes`."""

    def __init__(self) -> None:
        quiet.hush_structured_logs()
        speed.apply()
        self._models, self._lanes, self._trackers = Models(), Lanes(), Trackers()

    @property
    def abandoned(self) -> int:
        """How many threads were given up because a turn on them overran its time."""
        return self._lanes.abandoned

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        deadline = monotonic() + timeout
        with self._models.use(model, timeout) as loaded:
            try:
                tracker = self._trackers.take(model, turn) or _tracker(loaded, turn, turn.history.read())
                reply = self._turn(loaded, turn, tracker, deadline)
            except HistoryTooShort:
                tracker = _tracker(loaded, turn, Window(None, _all_events(turn)))
                reply = self._turn(loaded, turn, tracker, deadline)
        self._trackers.put(model, turn, turn.history.position + len(reply.events), tracker)
        return reply

    def _turn(self, loaded: Loaded, turn: Turn, tracker: BoundedTracker, deadline: float) -> Reply:
        started = monotonic()
        try:
            reply = self._lanes.run(lambda: loaded.processor.respond(turn, tracker), deadline - started)
        except (EngineError, HistoryTooShort):
            raise
        except Exception as error:
            raise EngineError(f"The model could not answer: {type(error).__name__}.") from error
        return replace(reply, timings={**reply.timings, "total": round((monotonic() - started) * 1000, 3)})

    def parse(self, model: Model, text: str) -> Parse:
        with self._models.use(model, LOAD_SECONDS) as loaded:
            return self._lanes.run(lambda: loaded.processor.parse(text), PARSE_SECONDS)

    def load(self, model: Model) -> None:
        with self._models.use(model, LOAD_SECONDS):
            return

    def train(
        self, bundle: Bundle, directory: Path, name: str, on_progress: Callable[[Progress], None] | None = None
    ) -> Archive:
        return train(bundle, directory, name, on_progress)

    def close(self) -> None:
        self._lanes.close()


def _all_events(turn: Turn) -> Sequence[Json]:
    return turn.history.read_all() if turn.history.read_all else ()


def _tracker(loaded: Loaded, turn: Turn, window: Window) -> BoundedTracker:
    domain, horizon = loaded.processor.domain, loaded.horizon
    tracker = BoundedTracker(turn.sender, domain, horizon.states, horizon.rule_only)
    tracker.can_reread = turn.history.read_all is not None
    if window.snapshot:
        tracker.restore(window.snapshot)
    tracker.replay(window.events)
    tracker.leave_unknown_loop()
    return tracker
