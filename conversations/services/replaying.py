"""Replays: real conversations, said again to two versions, to see where they would have answered otherwise.

Nothing happens outside: the turns are dry runs. Each version hears the visitor's messages with its own answers before
them, as it would have been live.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from assistant.engine import EngineError, History, OnProgress, Progress, Reply, Turn, Window, get_engine
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Message, Replay, ReplayedTurn
from conversations.selectors import for_replay, what_visitors_said
from training.models import Job, ModelVersion
from training.selectors import changed_responses
from training.services.queue import add_job

log = logging.getLogger("frontdesk.replay")
KIND = "replay"
FEWEST, MOST = 10, 500  # conversations
TURNS = 50  # of one conversation
_NOT_SAID = {"action_listen", "action_session_start"}


class CannotReplay(FrontdeskError):
    code = "cannot_replay"
    status = 409


def ask_for_replay(*, left: ModelVersion, right: ModelVersion, by: User | None, conversations: int = 100) -> Replay:
    """The new replay with its job; or the same one that waits or runs already. Raises CannotReplay."""
    _check(left, right, conversations)
    same = Replay.objects.filter(left=left, right=right, conversations_asked=conversations)
    if waiting := same.filter(job__status__in=[Job.Status.QUEUED, Job.Status.RUNNING]).first():
        return waiting
    with write_transaction():
        replay = Replay.objects.create(left=left, right=right, conversations_asked=conversations, requested_by=by)
        replay.job = add_job(bot=left.bot, kind=KIND, by=by, replay=replay.pk)
        replay.save(update_fields=["job"])
        audit.record(replay, {"versions": (None, str(replay))}, by=by, action=audit.CREATED)
    return replay


def replay_conversations(job: Job, tell: OnProgress) -> Callable[[], None]:
    """The handler of the job. What differs is written when it is through, all at once."""
    replay = Replay.objects.select_related("left__training_set", "right__training_set").filter(job=job).first()
    if replay is None:
        raise CannotReplay("The replay is gone.")
    sides = _Side(replay.left), _Side(replay.right)
    changed = changed_responses(replay.left, replay.right)
    said = for_replay(job.bot, replay.conversations_asked)
    differing: list[ReplayedTurn] = []
    turns = 0
    for number, conversation in enumerate(said):
        tell(Progress("", number, len(said), 0.0, now=f"Conversation {number + 1} of {len(said)}"))
        for message, left, right in _said_again(conversation, *sides):
            turns += 1
            if _differ(left, right, changed):
                differing.append(_row(replay, message, left, right))
    tell(Progress("", len(said), len(said), 0.0, now="Done"))
    return partial(_write, replay, len(said), turns, differing)


@dataclass(frozen=True)
class _Answer:
    intent: str = ""
    confidence: float = 0.0
    actions: Sequence[str] = ()
    says: Sequence[str] = ()
    error: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "intent": self.intent,
            "confidence": round(self.confidence, 4),
            "actions": list(self.actions),
            "says": list(self.says),
            "error": self.error,
        }


@dataclass
class _Side:
    """One of the versions and what has happened between it and the visitor so far."""

    version: ModelVersion
    events: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> None:
        self.events = []

    def hear(self, conversation: Conversation, message: Message) -> _Answer:
        turn = Turn(
            sender=f"replay:{self.version.pk}:{conversation.public_id}",
            text=message.payload or message.text,
            key=f"replay:{self.version.pk}:{conversation.public_id}:{message.turn}",
            metadata=message.metadata,
            history=History(len(self.events), self._window, lambda: tuple(self.events)),
            input_channel=conversation.channel,
            dry_run=True,
        )
        try:
            reply = get_engine().respond(self.version.for_engine(), turn, settings.TURN_DEADLINE)
        except EngineError as error:
            log.warning("replay of %s: %s", self.version, type(error).__name__)
            return _Answer(error=error.message)
        self.events += reply.events
        return _answer(reply)

    def _window(self) -> Window:
        return Window(None, tuple(self.events))


def _said_again(conversation: Conversation, left: _Side, right: _Side) -> Iterator[tuple[Message, _Answer, _Answer]]:
    left.begin()
    right.begin()
    for message in what_visitors_said(conversation.pk, TURNS):
        yield message, left.hear(conversation, message), right.hear(conversation, message)


def _answer(reply: Reply) -> _Answer:
    actions = [str(event.get("name")) for event in reply.events if event.get("event") == "action"]
    return _Answer(
        reply.intent,
        reply.confidence,
        [name for name in actions if name not in _NOT_SAID],
        [out.text for out in reply.messages if out.text],
        reply.error,
    )


def _differ(left: _Answer, right: _Answer, changed: frozenset[str]) -> bool:
    """By what they understood and do. Which of a response's variations is said is chance: no difference, unless staff
    changed the response."""
    same = (left.intent, left.actions, left.error) == (right.intent, right.actions, right.error)
    return not same or not changed.isdisjoint(left.actions)


def _row(replay: Replay, message: Message, left: _Answer, right: _Answer) -> ReplayedTurn:
    return ReplayedTurn(
        replay=replay,
        conversation_id=message.conversation_id,
        seq=message.seq,
        text=message.text or message.payload,
        left=left.shown(),
        right=right.shown(),
    )


def _write(replay: Replay, conversations: int, turns: int, differing: Sequence[ReplayedTurn]) -> None:
    """In the transaction that ends the job. A conversation that was deleted meanwhile is left out."""
    there = Conversation.objects.in_bulk({row.conversation_id for row in differing})
    kept = [row for row in differing if row.conversation_id in there]
    ReplayedTurn.objects.bulk_create(kept, batch_size=200)
    replay.conversation_count, replay.turn_count, replay.differing_count = conversations, turns, len(kept)
    replay.save(update_fields=["conversation_count", "turn_count", "differing_count"])


def _check(left: ModelVersion, right: ModelVersion, conversations: int) -> None:
    if left.pk == right.pk or left.bot_id != right.bot_id:
        raise CannotReplay("Choose two different versions of one bot.", code="bad_replay")
    for version in (left, right):
        if version.status != ModelVersion.Status.READY:
            raise CannotReplay(f"{version} is {version.get_status_display().lower()}: it can't be asked.")
    if not FEWEST <= conversations <= MOST:
        raise CannotReplay(f"A replay takes {FEWEST} to {MOST} conversations.", code="bad_replay")
