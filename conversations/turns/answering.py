"""The loop around claiming and completing: the unanswered turns of a conversation, answered in order and once."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace

from django.conf import settings
from django.db import connection
from django.utils import timezone

from assistant.engine import History, ModelRefused, Reply, Turn, TurnTimeout, Window, get_engine
from assistant.lib.database import DATABASE_AWAY
from conversations.models import Conversation, Message
from conversations.turns.claiming import claim, next_message
from conversations.turns.completing import complete
from conversations.turns.leases import release_untried, renewed
from training.models import ModelVersion

log = logging.getLogger("frontdesk.answer")
MAX_ATTEMPTS = 3  # workers that may die over one turn before it gets the fallback
GRACE = 3.0  # seconds that a turn whose worker died gets at least
_SNAPSHOT = "SELECT snapshot, snapshot_position FROM conversations_conversation WHERE id = %s"
_EVENTS = "SELECT data FROM conversations_event WHERE conversation_id = %s AND position > %s ORDER BY position"


def answer(conversation_id: int) -> int:
    """Answer what is unanswered and return how many turns that were; 0 where another worker is at it."""
    claimed = claim(conversation_id)
    if claimed is None:
        return 0
    lease, message, answered = claimed.lease, claimed.message, 0
    with renewed(conversation_id, lease):
        while message is not None:
            version = message.model_version or message.conversation.environment.active_version
            if version is None:  # the first model is still being trained: the sweeper comes again
                release_untried(conversation_id, lease)
                break
            more = complete(message, version, engine_reply(message, version), lease)
            answered += 1
            message = next_message(conversation_id, lease) if more else None
    return answered


def engine_reply(message: Message, version: ModelVersion) -> Reply | None:
    """The engine's reply. None: this turn gets the fallback. An empty one: a person answers."""
    if message.conversation.state == Conversation.State.HUMAN:
        return Reply((), ())
    if message.model_version_id is None:
        # Whoever tries the turn again does it with the same version.
        Message.objects.filter(pk=message.pk).update(model_version=version)
    deadline = time.monotonic() + _seconds_left(message.conversation)
    for _try in range(2):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return _timed(message, version, left)
        except (TurnTimeout, ModelRefused) as error:
            _log(message, error)
            return None
        except DATABASE_AWAY:  # the database went away: the turn is tried again, from the start
            raise
        except Exception as error:  # whatever the engine does, the visitor gets an answer
            _log(message, error)
    return None


def _timed(message: Message, version: ModelVersion, timeout: float) -> Reply:
    """`engine` is the whole call; `waited` is from the message's arrival to the call."""
    waited = max(0.0, (timezone.now() - message.created).total_seconds() * 1000)
    began = time.perf_counter()
    reply = get_engine().respond(version.for_engine(), turn_for_engine(message, version), timeout)
    timings = {**reply.timings, "engine": (time.perf_counter() - began) * 1000, "waited": waited}
    return replace(reply, timings={name: round(value, 2) for name, value in timings.items()})


def _seconds_left(conversation: Conversation) -> float:
    """Of the one deadline of this turn, which begins with the first attempt. A retry after a worker's death gets a
    grace, a few times."""
    if conversation.attempts > MAX_ATTEMPTS or conversation.turn_started is None:
        return 0.0
    if conversation.attempts <= 1:
        return settings.TURN_DEADLINE
    return max(settings.TURN_DEADLINE - conversation.spent, GRACE)


def _log(message: Message, error: Exception) -> None:
    """Names only: neither what was said nor an error's text, which may quote it, goes into the log."""
    log.error("conversation %s turn %s: %s", message.conversation_id, message.turn, type(error).__name__)


def turn_for_engine(message: Message, version: ModelVersion) -> Turn:
    """The message as the engine wants it, which reads the history only if it has to."""
    conversation = message.conversation
    return Turn(
        sender=str(conversation.public_id),
        text=message.payload or message.text,
        key=f"{conversation.public_id}:{message.turn}",
        metadata=message.metadata,
        history=History(
            conversation.event_count,
            read=lambda: _window(message, version.history_turns),
            read_all=lambda: _window(message, None).events,
        ),
        input_channel=conversation.channel,
    )


def _window(message: Message, turns: int | None) -> Window:
    """The newest snapshot and what happened since: its cost does not grow with the conversation.

    All events where there is none, or where the model may look at all turns.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, [message.conversation_id])
        snapshot, position = cursor.fetchone()
        whole = turns is None or snapshot is None
        cursor.execute(_EVENTS, [message.conversation_id, 0 if whole else position])
        events = [json.loads(data) for (data,) in cursor.fetchall()]
    return Window(None if whole else json.loads(snapshot), events)
