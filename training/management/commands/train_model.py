"""Train a bot and, if asked, put the new version live."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.engine import Progress
from assistant.lib.errors import FrontdeskError
from training.models import MAIN, Bot
from training.services import activate_version, train_version


class Command(BaseCommand):
    help = (
        "Train a bot on what it is taught, after the jobs that it has already. --activate puts the new version live. "
        "Ctrl-C cancels."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bot", default=MAIN)
        parser.add_argument("--activate", metavar="ENV", help="for example production")
        parser.add_argument("--note", default="", help="what is new in it, for the list of versions")

    def handle(self, *, bot: str, activate: str | None, note: str, **options: Any) -> None:
        self._now = ""
        # A fresh installation has no bot yet. Others are made by an import.
        row = Bot.objects.get_or_create(name=MAIN)[0] if bot == MAIN else Bot.objects.filter(name=bot).first()
        if row is None:
            raise CommandError(f"There is no bot {bot!r}.")
        try:
            version = train_version(bot=row, on_progress=self._show, note=note)
            if activate:
                activate_version(version=version, environment=activate)
        except FrontdeskError as error:
            raise CommandError(error.message) from None
        except KeyboardInterrupt:
            raise CommandError("Cancelled.", returncode=130) from None
        where = f", live in {activate}" if activate else ""
        self.stdout.write(f"{version.name}: {version.size / 1024:.0f} KB in {version.train_seconds:.1f} s{where}")

    def _show(self, step: Progress) -> None:
        if step.component:
            self.stdout.write(f"  {step.done}/{step.total} {step.component} ({step.seconds:.1f} s)")
        elif step.now and step.now != self._now and not step.total:
            self.stdout.write(f"  {step.now}")
        self._now = step.now
        self.stdout.flush()
