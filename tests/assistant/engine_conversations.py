"""A conversation with an engine, as its callers hold one: events are appended, and JSON on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.engine import Bundle, History, Model, Reply, Turn, Window, archives
from assistant.engine.types import Engine

BOT = Path(__file__).parent / "engine_bot"


def bundle() -> Bundle:
    return Bundle({str(path.relative_to(BOT)): path.read_text() for path in sorted(BOT.rglob("*.yml"))})


def recorded(path: Path) -> Model:
    sha256 = archives.sha256_of(path)
    return Model("test", path, sha256, archives.sign(sha256))


@dataclass
class Talk:
    """`since`: how many turns' events the window holds; its snapshot is of the turn before. None: all events."""

    engine: Engine
    model: Model
    sender: str = "ana"
    since: int | None = 0
    all_at_hand: bool = True
    events: list[Any] = field(default_factory=list)
    turns: list[tuple[int, Any]] = field(default_factory=list)

    def say(self, text: str, timeout: float = 15, **turn: Any) -> Reply:
        history = History(len(self.events), self.window, (lambda: self.events) if self.all_at_hand else None)
        key = f"{self.sender}:{len(self.turns) + 1}"
        reply = self.engine.respond(self.model, Turn(self.sender, text, key, history=history, **turn), timeout)
        self.events += _through_json(reply.events)
        self.turns.append((len(self.events), _through_json(reply.snapshot)))
        return reply

    def window(self) -> Window:
        if self.since is None or len(self.turns) <= self.since:
            return Window(None, self.events)
        position, snapshot = self.turns[-1 - self.since]
        return Window(snapshot, self.events[position:])


def texts(reply: Reply) -> list[str]:
    return [message.text for message in reply.messages]


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))
