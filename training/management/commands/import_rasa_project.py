"""Import a plain Rasa 3 project and say, file by file, what came along and what stands in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.importing import ImportRefused, Notice, Project, import_project
from training.models import MAIN

# Exit codes
IN_THE_WAY = 3
NOT_TRAINED = 4


class Command(BaseCommand):
    help = (
        "Take a Rasa 3 project (config.yml, domain.yml or domain/, data/, tests/) into a bot, in place of what it had. "
        "Exit codes: 0 imported, 1 nothing changed, 3 imported but it can't be trained so, 4 the training failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--bot", required=True, help="letters, digits, - and _")
        parser.add_argument(
            "--default-pipeline", action="store_true", help="the starter's pipeline in place of the project's"
        )
        parser.add_argument("--train", action="store_true", help="train at once")
        parser.add_argument("--activate", metavar="ENV", help="and put it live there, for example production")

    def handle(
        self, *, path: Path, bot: str, default_pipeline: bool, train: bool, activate: str | None, **options: Any
    ) -> None:
        if activate and not train:
            raise CommandError("--activate needs --train.")
        try:
            row, project = import_project(bot=bot, folder=path, default_pipeline=default_pipeline)
        except ImportRefused as error:
            raise CommandError(error.message) from None
        self._show(project)
        instead = ", in place of the starter assistant" if row.name == MAIN else ""
        self.stdout.write(f"The bot {row.name} has {len(project.files)} files now{instead}.")
        if not project.trainable:
            raise CommandError(f"{row.name} can't be trained yet: {_in_the_way(project)}", returncode=IN_THE_WAY)
        if not train:
            self.stdout.write(f"Next: manage.py train_model --bot {row.name}")
            return
        try:
            call_command("train_model", bot=row.name, activate=activate, stdout=self.stdout)
        except CommandError as error:
            raise CommandError(str(error), returncode=NOT_TRAINED) from None

    def _show(self, project: Project) -> None:
        for path in sorted({*project.files, *(notice.path for notice in project.notices)}):
            if path in project.files:
                self.stdout.write(f"{path}: imported {project.summaries[path]}".rstrip())
            for notice in project.notices:
                if notice.path == path:
                    begin = "  " if path in project.files else f"{path}: "
                    self.stdout.write(f"{begin}{'! ' if notice.blocks else ''}{_in_words(notice)}")


def _in_words(notice: Notice) -> str:
    return f"line {notice.line}: {notice.text}" if notice.line else notice.text


def _in_the_way(project: Project) -> str:
    """The first notice, and how many more there are."""
    first, *more = [notice for notice in project.notices if notice.blocks]
    return f"{first.path}, {_in_words(first)}{f' (and {len(more)} more, see above)' if more else ''}"
