"""Replays: recent conversations answered again by two versions, to see where they differ.

Nothing happens outside: the turns are dry runs. Each version gets the visitor's messages with its own answers before
them, as it would have been live.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from assistant.engine import EngineError, History, OnProgress, Progress, Turn, Window, get_engine
from assistant.lib import audit
from assistant.lib.cleanup import kept_since, key_batches, register_cleanup
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Message, Replay, ReplayedTurn
from conversations.selectors.replays import conversations_to_replay, visitor_messages
from training.models import Job, ModelVersion
from training.selectors import UNFINISHED, changed_responses
from training.services.job_queue import queue_job

log = logging.getLogger("frontdesk.replay")
KIND = "replay"
FEWEST, MOST = 10, 500  # conversations
TURNS = 50  # of one conversation
SILENT_ACTIONS = {"action_listen", "action_session_start"}


class CannotReplay(FrontdeskError):
    """Not these versions, or not so many conversations."""

    code = "cannot_replay"
    status = 409


def request_replay(*, left: ModelVersion, right: ModelVersion, by: User | None, conversations: int = 100) -> Replay:
    """The new replay with its job; or the same one that waits or runs already. Raises CannotReplay."""
    if left.pk == right.pk or left.bot_id != right.bot_id:
        raise CannotReplay("Choose two different versions of one bot.", code="bad_replay")
    for version in (left, right):
        if version.status != ModelVersion.Status.READY:
            raise CannotReplay(f"{version} is {version.get_status_display().lower()}: it can't be asked.")
    if not FEWEST <= conversations <= MOST:
        raise CannotReplay(f"A replay takes {FEWEST} to {MOST} conversations.", code="bad_replay")
    same = Replay.objects.filter(left=left, right=right, conversations_asked=conversations)
    if waiting := same.filter(job__status__in=[Job.Status.QUEUED, Job.Status.RUNNING]).first():
        return waiting
    with write_transaction():
        replay = Replay.objects.create(left=left, right=right, conversations_asked=conversations, requested_by=by)
        replay.job = queue_job(bot=left.bot, kind=KIND, by=by, replay=replay.pk)
        replay.save(update_fields=["job"])
        audit.record(replay, {"versions": (None, str(replay))}, by=by, action=audit.CREATED)
    return replay


def replay_conversations(job: Job, report_progress: OnProgress) -> Callable[[], None]:
    """The handler of the job. What differs is written when it is through, all at once."""
    replay = Replay.objects.select_related("left__training_set", "right__training_set").filter(job=job).first()
    if replay is None:
        raise CannotReplay("The replay is gone.")
    changed = changed_responses(replay.left, replay.right)
    conversations = conversations_to_replay(job.bot, replay.conversations_asked)
    count, turns = len(conversations), 0
    differing: list[ReplayedTurn] = []
    for number, conversation in enumerate(conversations):
        report_progress(Progress("", number, count, 0.0, now=f"Conversation {number + 1} of {count}"))
        # Anew for each conversation: a version remembers only its own answers in this one.
        sides = _Side(replay.left, conversation), _Side(replay.right, conversation)
        for message in visitor_messages(conversation.pk, TURNS):
            left, right = (side.respond(message) for side in sides)
            turns += 1
            if left.differs_from(right, changed):
                differing.append(
                    ReplayedTurn(
                        replay=replay,
                        conversation_id=message.conversation_id,
                        seq=message.seq,
                        text=message.text or message.payload,
                        left=asdict(left),
                        right=asdict(right),
                    )
                )
    report_progress(Progress("", count, count, 0.0, now="Done"))
    return partial(_save_result, replay, count, turns, differing)


@register_cleanup("replays")
def clean_replays(until: float) -> int:
    """With the jobs that made them. The turns go first, a few at a time: there may be thousands."""
    since = kept_since("KEEP_REPLAYS_DAYS")
    if since is None:
        return 0
    deleted = 0
    over = Replay.objects.filter(created__lt=since).exclude(job__status__in=UNFINISHED)
    for replay in over.order_by("pk")[:200]:
        for keys in key_batches(ReplayedTurn.objects.filter(replay=replay), until):
            with write_transaction():
                ReplayedTurn.objects.filter(pk__in=keys).delete()
        if time.monotonic() >= until:
            break
        with write_transaction():
            deleted += Replay.objects.filter(pk=replay.pk).delete()[1].get("conversations.Replay", 0)
            Job.objects.filter(pk__in=[replay.job_id]).delete()
    return deleted


@dataclass(frozen=True)
class _Answer:
    """What one version made of a message, as `ReplayedTurn` keeps it."""

    intent: str = ""
    confidence: float = 0.0
    actions: Sequence[str] = ()
    says: Sequence[str] = ()
    error: str = ""

    def differs_from(self, other: _Answer, changed: frozenset[str]) -> bool:
        """By what they understood and do. Which of a response's variations is said is chance: no difference, unless
        staff `changed` the response."""
        same = (self.intent, self.actions, self.error) == (other.intent, other.actions, other.error)
        return not same or not changed.isdisjoint(self.actions)


@dataclass
class _Side:
    """One of the versions in one conversation, and what has happened between it and the visitor so far."""

    version: ModelVersion
    conversation: Conversation
    events: list[dict[str, Any]] = field(default_factory=list)

    def respond(self, message: Message) -> _Answer:
        sender = f"replay:{self.version.pk}:{self.conversation.public_id}"
        turn = Turn(
            sender=sender,
            text=message.payload or message.text,
            key=f"{sender}:{message.turn}",
            metadata=message.metadata,
            history=History(
                len(self.events), read=lambda: Window(None, tuple(self.events)), read_all=lambda: tuple(self.events)
            ),
            input_channel=self.conversation.channel,
            dry_run=True,
        )
        try:
            reply = get_engine().respond(self.version.for_engine(), turn, settings.TURN_DEADLINE)
        except EngineError as error:
            log.warning("replay of %s: %s", self.version, type(error).__name__)
            return _Answer(error=error.message)
        self.events += reply.events  # what the next turn is answered from, as it would have been live
        actions = [str(event.get("name")) for event in reply.events if event.get("event") == "action"]
        return _Answer(
            reply.intent,
            round(reply.confidence, 4),
            [name for name in actions if name not in SILENT_ACTIONS],
            [message.text for message in reply.messages if message.text],
            reply.error,
        )


def _save_result(replay: Replay, conversations: int, turns: int, differing: Sequence[ReplayedTurn]) -> None:
    """In the transaction that ends the job. A conversation that was deleted meanwhile is left out."""
    there = Conversation.objects.in_bulk({row.conversation_id for row in differing})
    kept = [row for row in differing if row.conversation_id in there]
    ReplayedTurn.objects.bulk_create(kept, batch_size=200)
    replay.conversation_count, replay.turn_count, replay.differing_count = conversations, turns, len(kept)
    replay.save(update_fields=["conversation_count", "turn_count", "differing_count"])
