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
    """Of a conversation that begins."""
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
    dry_run: bool = False  # custom actions run only where they say `safe_to_replay = True`; others are only named


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
    """A trained model file. `history_turns`: how many turns an answer can depend on (None: all of them).
    `memory`: what training it took at most, in bytes."""

    path: Path
    sha256: str
    size: int
    seconds: float
    history_turns: int | None
    memory: int = 0


@dataclass(frozen=True)
class Progress:
    """How far long work is: reported after every step, and at least once a second between them.

    `component` is the step that ended just now, after `seconds` (empty: none did), `now` the one under way, `done` of
    `total` are through. In small letters `now` is what is done before and after them: "reading the data". `memory` is
    what the child process has taken at most so far, in bytes; `log` the lines that it wrote since the last report.
    Who is reported to may raise `Cancelled`: the work ends then, and nothing is left of it.
    """

    component: str
    done: int
    total: int
    seconds: float
    now: str = ""
    memory: int = 0
    log: str = ""


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Limits:
    """What a child process may take before it is ended: `memory` in bytes, `seconds` of wall time."""

    memory: int = 4 * 1024**3
    seconds: float = 3600.0


LIMITS = Limits()


@dataclass(frozen=True)
class Labelled:
    """A message and what is right for it. `entities`: Rasa's entity dictionaries."""

    text: str
    intent: str
    entities: Sequence[Json] = ()


@dataclass(frozen=True)
class Guess:
    """What a model made of a labelled message that it had not seen. `ranking`: at most the five best."""

    right: Labelled
    intent: str
    confidence: float
    ranking: Sequence[Json] = ()
    entities: Sequence[Json] = ()


class Engine(Protocol):
    """A conversational engine. It holds no truth: history goes in, events come out."""

    def respond(self, model: Model, turn: Turn, timeout: float) -> Reply:
        """Raises TurnTimeout after `timeout` seconds, ModelRefused for an archive that is not to be trusted."""

    def parse(self, model: Model, text: str) -> Parse:
        """What the model understands of a text, without a conversation."""

    def train(
        self,
        bundle: Bundle,
        directory: Path,
        name: str,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Archive:
        """Write `directory/name.tar.gz`. Raises TrainingFailed with words that staff understand, or Cancelled."""

    def load(self, model: Model) -> None:
        """Bring the model into memory ahead of its first turn."""

    def evaluate(
        self, model: Model, examples: Sequence[Labelled], on_progress: OnProgress | None = None
    ) -> Sequence[Guess]:
        """What the model makes of each, in their order."""

    def cross_validate(
        self,
        bundle: Bundle,
        folds: int,
        seed: int,
        on_progress: OnProgress | None = None,
        limits: Limits = LIMITS,
    ) -> Sequence[Guess]:
        """Each example of the bundle is guessed once, by a model trained without its fold (stratified_folds by intent,
        shuffled by `seed`). Left out are examples of intents that have only one. Raises TrainingFailed or Cancelled."""

    def inspect(self, path: Path, limits: Limits = LIMITS) -> Archive:
        """Check a file that nobody has signed: all it names is allowed, and it loads and parses, in a child process.
        Raises ModelRefused with a sentence for staff."""
