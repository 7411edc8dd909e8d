"""Ask a bot one thing."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.lib.errors import FrontdeskError
from training.management.answering_model import answering_model, ask, reply_as_json, use_utf8_output
from training.models import MAIN


class Command(BaseCommand):
    help = "Ask a bot one thing. The live version answers, or else the newest one that is trained."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text")
        parser.add_argument("--bot", default=MAIN)
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *, text: str, bot: str, **options: Any) -> None:
        if not text.strip() or len(text) > settings.MESSAGE_MAX_CHARS:
            raise CommandError(f"A question has 1 to {settings.MESSAGE_MAX_CHARS} characters.")
        use_utf8_output()
        try:
            model = answering_model(bot)
            reply = ask(model, text)
        except FrontdeskError as error:
            raise CommandError(error.message) from None
        if options["json"]:
            self.stdout.write(json.dumps(reply_as_json(reply, bot, model.version), ensure_ascii=False))
            return
        for message in reply.messages:
            buttons = [f"  [{button.get('title', '')}] {button.get('payload', '')}" for button in message.buttons]
            self.stdout.write("\n".join(line for line in [message.text, message.image, *buttons] if line))
        self.stderr.write(f"({reply.intent or 'no intent'} {reply.confidence:.2f}, {model.version})", self.style.NOTICE)
