"""An engine without Rasa, for tests: it knows the examples it was trained on word for word and echoes the rest.

A message may say what to do: `/sleep 2` sleeps that long, `/raise` raises, `/fail` answers as if an action had raised,
`/buttons` offers two, `/many 3` says three things, `/silent` nothing, `/count` how many turns there were before.
`fake: {seconds: 3, steps: 3, fail: "words"}` in `config.yml` makes a training slow, or fail.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from assistant.engine import fake_model
from assistant.engine.archives import sha256_of
from assistant.engine.cross_validation import stratified_folds
from assistant.engine.errors import EngineError, TrainingFailed, TurnTimeout
from assistant.engine.fake_model import FakeModel
from assistant.engine.types import (
    LIMITS,
    Archive,
    Bundle,
    Guess,
    Json,
    Labelled,
    Limits,
    Model,
    OnProgress,
    OutMessage,
    Parse,
    Progress,
    Reply,
    Turn,
)

ACTION = "utter_echo"
REPORT_EVERY = 0.1  # seconds
MEMORY = 300 * 1024**2


class FakeEngine:
    """See the module."""

    def __init__(self) -> None:
        self.abandoned = 0

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        window = turn.history.read()
        turns = (window.snapshot or {}).get("turns", 0) + sum(event["event"] == "user" for event in window.events)
        command, _, argument = turn.text.partition(" ")
        if command == "/sleep":
            time.sleep(min(float(argument), timeout))
            if float(argument) > timeout:
                raise TurnTimeout(f"No answer within {timeout:g} seconds.")
        if command == "/raise":
            raise EngineError("The fake engine was told to raise.")
        parse = self.parse(model, turn.text)
        if answer := fake_model.load(model).answer(parse.intent):
            messages = [OutMessage(answer[1], action=answer[0])]
        else:
            messages = _obey(command, argument, turn.text, turns)
        return Reply(
            events=_events(turn, parse, messages, begins=turn.history.position == 0),
            messages=messages,
            intent=parse.intent,
            confidence=parse.confidence,
            ranking=parse.ranking,
            entities=parse.entities,
            snapshot={"turns": turns + 1},
            timings={"parse": 0.1, "total": 0.2},
            error="action_fails" if command == "/fail" else "",
        )

    def parse(self, model: Model, text: str) -> Parse:
        known = fake_model.load(model).known(text)
        if known:
            return Parse(text, known[0], 1.0, [{"name": known[0], "confidence": 1.0}], known[1])
        intent = "command" if text.startswith("/") else "echo"
        ranking = [{"name": intent, "confidence": 0.9}, {"name": "nlu_fallback", "confidence": 0.1}]
        return Parse(text, intent, 0.9, ranking, [])

    def train(
        self,
        bundle: Bundle,
        directory: Path,
        name: str,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Archive:
        learned, started = _learned(bundle), time.monotonic()
        _take_time(fake_model.directives(bundle), on_progress, limits)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{name}.tar.gz"
        fake_model.write(path, bundle, learned)
        return _archive(path, time.monotonic() - started)

    def load(self, model: Model) -> None:
        fake_model.load(model)

    def evaluate(
        self, model: Model, examples: Sequence[Labelled], on_progress: OnProgress | None = None
    ) -> Sequence[Guess]:
        guesses = []
        for done, example in enumerate(examples, start=1):
            parse = self.parse(model, example.text)
            guesses.append(Guess(example, parse.intent, parse.confidence, parse.ranking, parse.entities))
            if on_progress:
                on_progress(Progress("", done, len(examples), 0.0))
        return guesses

    def cross_validate(
        self,
        bundle: Bundle,
        folds: int,
        seed: int,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Sequence[Guess]:
        examples = _learned(bundle).labelled()
        _take_time(fake_model.directives(bundle), on_progress, limits)
        guesses = {}
        for fold in stratified_folds([each.intent for each in examples], folds, seed):
            held_out = set(fold)
            rest = FakeModel([(e.text, e.intent, []) for i, e in enumerate(examples) if i not in held_out])
            for place in fold:
                best = [(name, round(share, 4)) for name, share in rest.nearest(examples[place].text)[:5]]
                ranking = [{"name": name, "confidence": share} for name, share in best]
                guesses[place] = Guess(examples[place], *best[0], ranking)
        return [guesses[place] for place in sorted(guesses)]

    def inspect(self, path: Path, limits: Limits = LIMITS) -> Archive:
        fake_model.read(path)
        return _archive(path, 0.0)


def _learned(bundle: Bundle) -> FakeModel:
    if "config.yml" not in bundle.files:
        raise TrainingFailed("There is no config.yml.")
    return fake_model.train(bundle)


def _archive(path: Path, seconds: float) -> Archive:
    return Archive(path, sha256_of(path), path.stat().st_size, seconds, history_turns=1, memory=MEMORY)


def _take_time(orders: Json, on_progress: OnProgress | None, limits: Limits) -> None:
    steps, seconds = int(orders.get("steps", 1)), float(orders.get("seconds", 0))
    report_progress = on_progress or (lambda progress: None)
    for done in range(1, steps + 1):
        name = f"Echo{done}" if steps > 1 else "Echo"
        ends = time.monotonic() + seconds / steps
        while (left := ends - time.monotonic()) > 0:
            report_progress(Progress("", done - 1, steps, 0.0, now=name, memory=MEMORY))
            time.sleep(min(REPORT_EVERY, left))
        report_progress(Progress(name, done, steps, seconds / steps, memory=MEMORY, log=f"{name} is trained.\n"))
    if seconds > limits.seconds:
        raise TrainingFailed(f"The training took more than {limits.seconds:g} seconds and was stopped.")
    if "fail" in orders:
        raise TrainingFailed(str(orders["fail"]))


def _obey(command: str, argument: str, text: str, turns: int) -> list[OutMessage]:
    if command == "/silent":
        return []
    if command == "/many":
        return [OutMessage(f"{i + 1} of {argument}", action=ACTION) for i in range(int(argument))]
    if command == "/buttons":
        buttons = [{"title": title, "payload": f"/{title.lower()}"} for title in ("Yes", "No")]
        return [OutMessage("Choose", buttons, action=ACTION)]
    if command == "/fail":
        return [OutMessage("Sorry, something went wrong.", action="utter_default")]
    if command == "/count":
        return [OutMessage(str(turns), action=ACTION)]
    return [OutMessage(f"You said: {text}", action=ACTION)]


def _events(turn: Turn, parse: Parse, messages: list[OutMessage], begins: bool) -> list[Json]:
    """Those that Rasa would give, in its order."""
    now = time.time()
    events = list[Json]()
    if begins:
        session = [_action("action_session_start", now), _named("session_started", now), _action("action_listen", now)]
        events += session
    metadata = {**turn.metadata, "turn_key": turn.key}
    understood = {
        "text": turn.text,
        "intent": {"name": parse.intent, "confidence": parse.confidence},
        "intent_ranking": list(parse.ranking),
        "entities": [],
        "metadata": metadata,
    }
    user = {"text": turn.text, "parse_data": understood, "input_channel": turn.input_channel, "metadata": metadata}
    events.append(_named("user", now) | user)
    if messages:
        events.append(_action(messages[0].action, now))
    events += [_named("bot", now, text=m.text, data={"buttons": list(m.buttons) or None}) for m in messages]
    return [*events, _action("action_listen", now)]


def _named(event: str, now: float, **content: object) -> Json:
    return {"event": event, "timestamp": now, "metadata": {}, **content}


def _action(name: str, now: float) -> Json:
    return _named("action", now, name=name, policy=None, confidence=1.0)
