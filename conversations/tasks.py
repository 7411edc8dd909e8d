"""Answers in the background. The row is the job: a lost or doubled task changes nothing but the delay."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery import shared_task
from django.dispatch import receiver
from kombu.exceptions import OperationalError

from assistant.lib.database import left_to_the_sweeper
from assistant.lib.throttles import Rate, take_locally
from conversations import services
from conversations.selectors import waiting_for_a_worker
from conversations.signals import turn_received

log = logging.getLogger("frontdesk.tasks")
SWEEP_AFTER = 3.0  # seconds: what came later is most likely still in the queue, and need not be in it twice
SWEEPS = Rate(1, 1.0)
AGAIN_AFTER = 1.0  # seconds, where the broker is away


@shared_task(name="conversations.answer")
def answer(conversation_id: int) -> None:
    """Answer what is unanswered in a conversation, unless another worker does."""
    with left_to_the_sweeper("a turn"):
        services.answer(conversation_id)


@shared_task(name="conversations.sweep")
def sweep() -> None:
    """Queue what a lost broker, a killed worker or a restart left unanswered. Of sweeps that queued up while no worker
    was there, one a second does."""
    if take_locally("conversations.sweep", SWEEPS):
        return
    with left_to_the_sweeper("the sweep"):
        for conversation_id in waiting_for_a_worker(SWEEP_AFTER):
            _queue.put(conversation_id)


class AnswerQueue:
    """Publishes, but makes no sender wait for a broker that is away: after a failure one of them a second tries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_away, self._again_at = False, 0.0

    def put(self, conversation_id: int) -> None:
        """Queue it, or leave it to the sweeper."""
        if self._is_away:
            with self._lock:
                if time.monotonic() < self._again_at:
                    return
                self._again_at = time.monotonic() + 3 * AGAIN_AFTER  # a try takes two seconds at most
        try:
            try:
                answer.apply_async((conversation_id,), retry=False)
            except OperationalError:  # the connection may be an old one, of a server that is back under another
                answer.apply_async((conversation_id,), retry=False)
            self._is_away = False
        except Exception as error:  # a broker has many ways to fail, and the sweeper brings the turn in
            self._is_away, self._again_at = True, time.monotonic() + AGAIN_AFTER
            log.warning("a turn could not be queued, the sweeper will: %s", type(error).__name__)


_queue = AnswerQueue()


@receiver(turn_received, dispatch_uid="queue-answer")
def queue_answer(sender: object, conversation_id: int, **_: Any) -> None:
    """A visitor's message is stored: have a worker answer it."""
    _queue.put(conversation_id)
