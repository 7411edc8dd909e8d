"""The starter assistant on the real engine, as `manage.py prepare` trained it once a test run, to talk to."""

from __future__ import annotations

import shutil
import uuid
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from assistant.engine import Model
from assistant.engine.archives import sign
from conversations.models import Message
from conversations.services import answer, receive
from tests.prepared import prepared
from tests.running import REAL
from tests.settings import MODE
from training.models import ModelVersion
from training.selectors import production

if TYPE_CHECKING:
    from assistant.engine.rasa_adapter.engine import RasaEngine


@lru_cache(maxsize=1)
def rasa_engine() -> RasaEngine:
    from assistant.engine.rasa_adapter.engine import RasaEngine

    return RasaEngine()


@lru_cache(maxsize=1)
def trained() -> tuple[Model, int | None]:
    """The model, signed with the key of the tests, and how many turns it looks back."""
    made = prepared(MODE, REAL)
    [(name, sha256, history_turns)] = made.read("SELECT name, sha256, history_turns FROM training_modelversion")
    folder = Path(settings.VAR_DIR) / "models"
    folder.mkdir(exist_ok=True)
    path = shutil.copy(made.folder / "models" / f"{name}.tar.gz", folder / "starter.tar.gz")
    return Model("starter", path, sha256, sign(sha256)), history_turns


class Talk:
    """One conversation with it, through the front door."""

    def __init__(self) -> None:
        self.sender = uuid.uuid4().hex
        place = production()
        model, history_turns = trained()
        place.active_version = ModelVersion.objects.create(
            bot=place.bot,
            name="starter",
            status=ModelVersion.Status.READY,
            sha256=model.sha256,
            signature=model.signature,
            history_turns=history_turns,
        )
        place.save()

    def say(self, text: str) -> list[str]:
        """The bot's replies to this message."""
        stored = receive(channel="rest", external_id=self.sender, text=text)
        answer(stored.conversation_id)
        rows = Message.objects.filter(conversation_id=stored.conversation_id, turn=stored.turn, role="bot")
        return [message.text for message in rows.order_by("seq")]
