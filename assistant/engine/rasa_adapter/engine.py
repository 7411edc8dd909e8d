"""Rasa behind the seam."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

from assistant.engine.errors import EngineError
from assistant.engine.rasa_adapter import import_rasa  # first: it imports Rasa

# isort: split

from assistant.engine.rasa_adapter.dialogue.tracker import BoundedTracker, HistoryTooShort
from assistant.engine.rasa_adapter.loaded_models import LoadedModel, LoadedModels
from assistant.engine.rasa_adapter.patches import performance, regexes
from assistant.engine.rasa_adapter.processes import parent
from assistant.engine.rasa_adapter.threads import RasaThreads
from assistant.engine.types import (
    LIMITS,
    Archive,
    Bundle,
    Guess,
    Labelled,
    Limits,
    Model,
    OnProgress,
    Parse,
    Progress,
    Reply,
    Turn,
    Window,
)
from assistant.lib.database import DATABASE_AWAY

KEPT_TRACKERS = 2_000
KEPT_DRY_TRACKERS = 20  # of dry runs, which go conversation by conversation
LOAD_SECONDS = 120.0
PARSE_SECONDS = 30.0
REPORT_EVERY = 0.5
REST = 3  # times as long as an example of an evaluation takes: three quarters are for those who chat
LONGEST_REST = 0.02  # seconds
BEST = 5


class Trackers:
    """The trackers of recent conversations. One that is taken out and not put back is forgotten."""

    def __init__(self, most: int = KEPT_TRACKERS) -> None:
        self._lock, self._most = threading.Lock(), most
        self._kept: OrderedDict[tuple[str, str], tuple[int, BoundedTracker]] = OrderedDict()

    def take(self, model: Model, turn: Turn) -> BoundedTracker | None:
        """The conversation's tracker, where its position is the conversation's own."""
        with self._lock:
            position, tracker = self._kept.pop((model.sha256, turn.sender), (-1, None))
        return tracker if position == turn.history.position else None

    def put(self, model: Model, turn: Turn, position: int, tracker: BoundedTracker) -> None:
        """Keep the tracker for the next turn; the one that was put back longest ago goes."""
        with self._lock:
            self._kept[model.sha256, turn.sender] = position, tracker
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class RasaEngine:
    """Called from many threads at once; Rasa itself runs on the threads of `RasaThreads`."""

    def __init__(self) -> None:
        import_rasa.silence_structured_logs()
        performance.apply()
        regexes.apply()
        self._models, self._threads = LoadedModels(), RasaThreads()
        self._trackers, self._dry_trackers = Trackers(), Trackers(KEPT_DRY_TRACKERS)

    @property
    def abandoned(self) -> int:
        """How many threads were given up because a turn on them overran its time."""
        return self._threads.abandoned

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        deadline = monotonic() + timeout
        trackers = self._dry_trackers if turn.dry_run else self._trackers
        with self._models.use(model, timeout) as loaded:
            try:
                tracker = trackers.take(model, turn) or _tracker(loaded, turn, turn.history.read())
                reply = self._turn(loaded, turn, tracker, deadline)
            except HistoryTooShort:
                events = turn.history.read_all() if turn.history.read_all else ()
                tracker = _tracker(loaded, turn, Window(None, events))
                reply = self._turn(loaded, turn, tracker, deadline)
        trackers.put(model, turn, turn.history.position + len(reply.events), tracker)
        return reply

    def _turn(self, loaded: LoadedModel, turn: Turn, tracker: BoundedTracker, deadline: float) -> Reply:
        started = monotonic()
        try:
            reply = self._threads.run(lambda: loaded.processor.respond(turn, tracker), deadline - started)
        except (EngineError, HistoryTooShort, *DATABASE_AWAY):
            raise
        except Exception as error:
            raise EngineError(f"The model could not answer: {type(error).__name__}.") from error
        return replace(reply, timings={**reply.timings, "total": round((monotonic() - started) * 1000, 3)})

    def parse(self, model: Model, text: str) -> Parse:
        with self._models.use(model, LOAD_SECONDS) as loaded:
            return self._parse(loaded, text)

    def _parse(self, loaded: LoadedModel, text: str) -> Parse:
        return self._threads.run(lambda: loaded.processor.parse(text), PARSE_SECONDS)

    def load(self, model: Model) -> None:
        with self._models.use(model, LOAD_SECONDS):
            return

    def train(
        self,
        bundle: Bundle,
        directory: Path,
        name: str,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Archive:
        return parent.train(bundle, directory, name, on_progress, limits)

    def evaluate(
        self, model: Model, examples: Sequence[Labelled], on_progress: OnProgress | None = None
    ) -> Sequence[Guess]:
        """One example at a time, as if somebody had said it: the others have their turn in between."""
        guesses, reported = list[Guess](), 0.0
        with self._models.use(model, LOAD_SECONDS) as loaded:
            for example in examples:
                if on_progress and monotonic() - reported > REPORT_EVERY:
                    on_progress(Progress("", len(guesses), len(examples), 0.0))
                    reported = monotonic()
                began = monotonic()
                parse = self._parse(loaded, example.text)
                ranking = list(parse.ranking)[:BEST]
                guesses.append(Guess(example, parse.intent, parse.confidence, ranking, parse.entities))
                sleep(min(REST * (monotonic() - began), LONGEST_REST))
        if on_progress:
            on_progress(Progress("", len(guesses), len(examples), 0.0))
        return guesses

    def cross_validate(
        self,
        bundle: Bundle,
        folds: int,
        seed: int,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Sequence[Guess]:
        return parent.cross_validate(bundle, folds, seed, on_progress, limits)

    def inspect(self, path: Path, limits: Limits = LIMITS) -> Archive:
        return parent.inspect(path, limits)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()


def _tracker(loaded: LoadedModel, turn: Turn, window: Window) -> BoundedTracker:
    max_history = loaded.max_history
    tracker = BoundedTracker(turn.sender, loaded.processor.domain, max_history.states, max_history.rule_only)
    tracker.can_reread = turn.history.read_all is not None
    if window.snapshot:
        tracker.restore(window.snapshot)
    tracker.replay(window.events)
    tracker.leave_unknown_loop()
    return tracker
