"""An installation as a backup has it. Stop the server first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.backups import BackupError, restore_backup


class Command(BaseCommand):
    help = "Put back what `backup` saved, all of it or nothing. Stop the server first."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--replace", action="store_true", help="give up what this installation holds now")
        parser.add_argument("--other-key", action="store_true", help="the backup belongs to another SECRET_KEY")

    def handle(self, *, path: Path, replace: bool, other_key: bool, **options: Any) -> None:
        try:
            restore_backup(path=path, replace=replace, other_key=other_key, report=self.stdout.write)
        except BackupError as error:
            raise CommandError(error.message) from error
