"""The model that answers for a bot on the command line, apart from every conversation."""

from __future__ import annotations

import io
import sys
import uuid
from contextlib import redirect_stdout
from typing import Any

from django.conf import settings

from assistant.engine import Model, Parse, Reply, Turn, get_engine
from assistant.lib.errors import FrontdeskError
from training.models import Bot
from training.selectors import answering_version


class NothingAnswers(FrontdeskError):
    code = "nothing_answers"


def answering_model(bot: str) -> Model:
    """Of the live version, or else of the newest one that is trained. Raises NothingAnswers."""
    version = answering_version(bot)
    if version:
        return version.for_engine()
    if Bot.objects.filter(name=bot).exists():
        raise NothingAnswers(f"The bot {bot} has no trained version: run train_model --bot {bot} first.")
    raise NothingAnswers(f"There is no bot {bot}.")


def ask(model: Model, text: str) -> Reply:
    """Loading the model takes none of the turn's time. Raises EngineError."""
    name = str(uuid.uuid4())
    # Standard output is for answers alone, whatever libraries print.
    with redirect_stdout(sys.stderr):
        get_engine().load(model)
        return get_engine().respond(model, Turn(name, text, key=f"{name}:1"), settings.TURN_DEADLINE)


def parse(model: Model, text: str) -> Parse:
    """Raises EngineError."""
    with redirect_stdout(sys.stderr):
        return get_engine().parse(model, text)


def reply_as_json(reply: Reply, bot: str, version: str) -> dict[str, Any]:
    replies = [
        {
            "text": message.text,
            "buttons": list(message.buttons),
            "citations": list((message.custom or {}).get("citations", [])),
        }
        for message in reply.messages
    ]
    return {
        "replies": replies,
        "intent": {"name": reply.intent or None, "confidence": reply.confidence},
        "entities": list(reply.entities),
        "bot": bot,
        "model": version,
    }


def parse_as_json(parsed: Parse) -> dict[str, Any]:
    return {
        "text": parsed.text,
        "intent": {"name": parsed.intent or None, "confidence": parsed.confidence},
        "intent_ranking": list(parsed.ranking),
        "entities": list(parsed.entities),
    }


def use_utf8_output() -> None:
    """Whatever the terminal's language is: an answer may have any letter."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
