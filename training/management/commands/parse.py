"""What a bot makes of texts: one text a line in, one JSON object a line out."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.lib.errors import FrontdeskError
from training.management.answering_model import answering_model, parse, parse_as_json, use_utf8_output
from training.models import MAIN


class Command(BaseCommand):
    help = "Read texts, one a line, and write intent and entities of each as one line of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="UTF-8; standard input where it is not given")
        parser.add_argument("--bot", default=MAIN)

    def handle(self, *, file: Path | None, bot: str, **options: Any) -> None:
        use_utf8_output()
        try:
            with file.open("rb") if file else nullcontext(sys.stdin.buffer) as lines:
                model = answering_model(bot)
                # A line ends at a line feed and nowhere else. Bytes that are not UTF-8 become U+FFFD.
                for number, line in enumerate(iter(lines.readline, b"")):
                    # A mark of the byte order may stand at the beginning.
                    text = line.decode("utf-8-sig" if number == 0 else "utf-8", errors="replace")
                    parsed = parse(model, text.removesuffix("\n").removesuffix("\r"))
                    self.stdout.write(json.dumps(parse_as_json(parsed), ensure_ascii=False))
                    self.stdout.flush()
        except FrontdeskError as error:
            raise CommandError(error.message) from None
        except BrokenPipeError:
            # Whoever read it has left: Python must not try to write the rest at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
