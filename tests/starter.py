"""The starter assistant on the real engine, trained once a test run, to talk to."""

from __future__ import annotations

import uuid
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assistant.engine import Archive
from assistant.engine.archives import sign
from assistant.engine.rasa_adapter.engine import RasaEngine
from conversations.models import Message
from conversations.services import answer, receive
from training.models import ModelVersion
from training.selectors import production
from training.starter import starter_bundle


@lru_cache(maxsize=1)
def rasa_engine() -> RasaEngine:
    return RasaEngine()


@lru_cache(maxsize=1)
def archive() -> Archive:
    return rasa_engine().train(starter_bundle(settings.BASE_DIR), Path(settings.VAR_DIR) / "models", "starter")


class Talk:
    """One conversation with it, through the front door."""

    def __init__(self) -> None:
        self.sender = uuid.uuid4().hex
        place = production()
        trained = archive()
        place.active_version = ModelVersion.objects.create(
            bot=place.bot,
            name="starter",
            status=ModelVersion.Status.READY,
            sha256=trained.sha256,
            signature=sign(trained.sha256),
            history_turns=trained.history_turns,
        )
        place.save()

    def say(self, text: str) -> list[str]:
        """The bot's replies to this message."""
        stored = receive(channel="rest", external_id=self.sender, text=text)
        answer(stored.conversation_id)
        rows = Message.objects.filter(conversation_id=stored.conversation_id, turn=stored.turn, role="bot")
        return [message.text for message in rows.order_by("seq")]
