"""The unanswered turns of a conversation, answered in order and once."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from django.conf import settings
from django.utils import timezone

from assistant.engine import ModelRefused, Reply, TurnTimeout, get_engine
from assistant.lib.database import DATABASE_AWAY
from conversations.models import Conversation, Message
from conversations.selectors import next_unanswered, turn_for_engine
from conversations.turns.claiming import claim, release, renewed
from conversations.turns.completing import complete
from training.models import ModelVersion

log = logging.getLogger("frontdesk.answer")
MAX_ATTEMPTS = 3  # workers that may die over one turn before it gets the fallback
GRACE = 3.0  # seconds that a turn whose worker died gets at least


def answer(conversation_id: int) -> int:
    """Answer what is unanswered and return how many turns that were; 0 where another worker is at it."""
    taken = claim(conversation_id)
    if taken is None:
        return 0
    with renewed(conversation_id, taken.lease):
        return _answer_all(conversation_id, taken.lease, taken.message)


def _answer_all(conversation_id: int, lease: str, message: Message | None) -> int:
    for answered in range(1_000_000):
        if message is None:
            return answered
        version = message.model_version or message.conversation.environment.active_version
        if version is None:  # the first model is still being trained: the sweeper comes again
            release(conversation_id, lease)
            return answered
        more = complete(message, version, _reply(message, version), lease)
        if not more:
            return answered + 1
        message = next_unanswered(conversation_id, lease)
    return answered


def _reply(message: Message, version: ModelVersion) -> Reply | None:
    """The engine's reply. None: this turn gets the fallback. An empty one: a person answers."""
    if message.conversation.state == Conversation.State.HUMAN:
        return Reply((), ())
    if message.model_version_id is None:
        Message.objects.filter(pk=message.pk).update(model_version=version)
    deadline = time.monotonic() + _seconds_left(message.conversation)
    for _try in range(2):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return _timed(message, version, left)
        except (TurnTimeout, ModelRefused) as error:
            _complain(message, error)
            return None
        except DATABASE_AWAY:  # the database went away: the turn is tried again, from the start
            raise
        except Exception as error:  # whatever the engine does, the visitor gets an answer
            _complain(message, error)
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


def _complain(message: Message, error: Exception) -> None:
    """Names only: neither what was said nor an error's text, which may quote it, goes into the log."""
    log.error("conversation %s turn %s: %s", message.conversation_id, message.turn, type(error).__name__)
