"""An engine without Rasa, for tests: it echoes, and does what the text tells it to.

`/sleep 2` sleeps that long, `/raise` raises, `/fail` answers as if an action had raised, `/buttons` offers two,
`/many 3` says three things, `/silent` nothing, `/count` how many turns there were before.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.engine.archives import sha256_of
from assistant.engine.errors import EngineError, TrainingFailed, TurnTimeout
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
    Window,
)

ACTION = "utter_echo"


class FakeEngine:
    def __init__(self) -> None:
        self.abandoned = 0

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        turns = _turns_in(turn.history.read())
        command, _, argument = turn.text.partition(" ")
        _sleep(float(argument) if command == "/sleep" else 0.0, timeout)
        if command == "/raise":
            raise EngineError("The fake engine was told to raise.")
        messages = _messages(command, argument, turn.text, turns)
        parse = self.parse(model, turn.text)
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
        if "config.yml" not in bundle.files:
            raise TrainingFailed("There is no config.yml.")
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{name}.tar.gz"
        _write(path, bundle)
        if on_progress:
            on_progress(Progress("Echo", 1, 1, 0.0))
        return Archive(path, sha256_of(path), path.stat().st_size, 0.0, history_turns=1)

    def load(self, model: Model) -> None:
        """Any model will do."""

    def evaluate(
        self, model: Model, examples: Sequence[Labelled], on_progress: OnProgress | None = None
    ) -> Sequence[Guess]:
        return [_guess(example, self.parse(model, example.text)) for example in examples]

    def cross_validate(
        self,
        bundle: Bundle,
        folds: int,
        seed: int,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Sequence[Guess]:
        return []

    def inspect(self, path: Path, limits: Limits = LIMITS) -> Archive:
        return Archive(path, sha256_of(path), path.stat().st_size, 0.0, history_turns=1)


def _guess(right: Labelled, parse: Parse) -> Guess:
    return Guess(right, parse.intent, parse.confidence, parse.ranking, parse.entities)


def _turns_in(window: Window) -> int:
    since = sum(event["event"] == "user" for event in window.events)
    return since + (window.snapshot or {}).get("turns", 0)


def _sleep(seconds: float, timeout: float) -> None:
    time.sleep(min(seconds, timeout))
    if seconds > timeout:
        raise TurnTimeout(f"No answer within {timeout:g} seconds.")


def _messages(command: str, argument: str, text: str, turns: int) -> list[OutMessage]:
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
    now = time.time()
    names = ["action_session_start", "session_started", "action_listen"] if begins else []
    events: list[Json] = [_action(name, now) if name != "session_started" else _named(name, now) for name in names]
    events.append(_user(turn, parse, now))
    if messages:
        events.append(_action(messages[0].action, now))
    events += [_named("bot", now, text=m.text, data={"buttons": list(m.buttons) or None}) for m in messages]
    return [*events, _action("action_listen", now)]


def _named(event: str, now: float, **content: object) -> Json:
    return {"event": event, "timestamp": now, "metadata": {}, **content}


def _action(name: str, now: float) -> Json:
    return _named("action", now, name=name, policy=None, confidence=1.0)


def _user(turn: Turn, parse: Parse, now: float) -> Json:
    metadata = {**turn.metadata, "turn_key": turn.key}
    intent = {"name": parse.intent, "confidence": parse.confidence}
    data = {"text": turn.text, "intent": intent, "intent_ranking": list(parse.ranking), "entities": []}
    return _named("user", now) | {
        "text": turn.text,
        "parse_data": {**data, "metadata": metadata},
        "input_channel": turn.input_channel,
        "metadata": metadata,
    }


def _write(path: Path, bundle: Bundle) -> None:
    content = json.dumps({"fake": True, "files": sorted(bundle.files)}).encode()
    member = tarfile.TarInfo("metadata.json")
    member.size = len(content)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))
