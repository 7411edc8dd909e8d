"""What goes in and out of a conversational engine. Plain data: no Django, no Rasa."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A trained archive. It is loaded only if the file's SHA-256 is `sha256` and `signature` is ours of it."""

    version: str
    path: Path
    sha256: str
    signature: str


@dataclass(frozen=True)
class Window:
    """The part of a conversation that an answer may depend on.

    `snapshot` is what `Reply.snapshot` said after the turn before the window (None: the window starts
    with the conversation); `events` are Rasa's event dictionaries since then, oldest first.
    """

    snapshot: Json | None
    events: Sequence[Json]


@dataclass(frozen=True)
class History:
    """`position` counts all events of the conversation so far: a cached tracker of that position is current.

    `read` fetches the window from the database. An engine calls it only where no such tracker is at hand, and on the
    thread that called `respond`: never on a thread of its own, which other conversations wait for.
    `read_all` fetches all events: for the rare turn that takes back more than a snapshot knows of.
    """

    position: int
    read: Callable[[], Window]
    read_all: Callable[[], Sequence[Json]] | None = None


def no_history() -> History:
    return History(0, lambda: Window(None, ()))


@dataclass(frozen=True)
class Turn:
    """One message of one person. `key` names the turn (`<conversation>:<turn>`) and reaches actions as metadata:
    the root of their idempotency keys."""

    sender: str
    text: str
    key: str = ""
    metadata: Json = field(default_factory=dict)
    history: History = field(default_factory=no_history)
    input_channel: str = "rest"


@dataclass(frozen=True)
class OutMessage:
    """One message of the bot, in the terms of Rasa's REST channel. `action` is the action that said it."""

    text: str = ""
    buttons: Sequence[Json] = ()
    image: str = ""
    attachment: Json | None = None
    custom: Json | None = None
    action: str = ""


@dataclass(frozen=True)
class Parse:
    """`ranking`: `{"name", "confidence"}`, best first. `entities`: Rasa's entity dictionaries."""

    text: str
    intent: str
    confidence: float
    ranking: Sequence[Json]
    entities: Sequence[Json]


@dataclass(frozen=True)
class Reply:
    """The answer to a turn. `events` are all new events, the user's message among them.

    `error` names the action that raised, where one did: the turn got the default reply then.
    `timings` are milliseconds by stage.
    """

    events: Sequence[Json]
    messages: Sequence[OutMessage]
    intent: str = ""
    confidence: float = 0.0
    ranking: Sequence[Json] = ()
    entities: Sequence[Json] = ()
    snapshot: Json = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Bundle:
    """All that a model is trained on: YAML texts by path. `config.yml` stands at the top,
    the domain in `domain.yml` or in files of `domain/` (merged), data in `data/`."""

    files: Mapping[str, str]


@dataclass(frozen=True)
class Archive:
    """A trained model file. `history_turns`: how many turns an answer can depend on (None: all of them)."""

    path: Path
    sha256: str
    size: int
    seconds: float
    history_turns: int | None


@dataclass(frozen=True)
class Progress:
    """One finished step of a training: `component` is its name in the pipeline, `done` of `total` steps."""

    component: str
    done: int
    total: int
    seconds: float


class Engine(Protocol):
    """A conversational engine. It holds no truth: history goes in, events come out."""

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        """Raises TurnTimeout after `timeout` seconds, ModelRefused for an archive that is not to be trusted."""

    def parse(self, model: Model, text: str) -> Parse: ...

    def train(
        self, bundle: Bundle, directory: Path, name: str, on_progress: Callable[[Progress], None] | None = None
    ) -> Archive:
        """Write `directory/name.tar.gz`. Raises TrainingFailed with words that staff understand."""

    def load(self, model: Model) -> None:
        """Bring the model into memory ahead of its first turn."""
