"""One file with the database and the models, made while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assistant.backups import BackupError, make_backup


class Command(BaseCommand):
    help = "Save the database and the models in one file. The server may run meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--with-secrets", action="store_true", help="put var/secret-key into it, too")

    def handle(self, *, path: Path, with_secrets: bool, **options: Any) -> None:
        try:
            make_backup(path=path, with_secrets=with_secrets, report=self.stdout.write)
        except BackupError as error:
            raise CommandError(error.message) from error
