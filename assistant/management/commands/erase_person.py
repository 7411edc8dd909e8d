"""Erase what is stored of one person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from assistant.lib.erasure import ErasureCount, Person, erase_personal_data, find_personal_data, person_names
from assistant.lib.errors import FrontdeskError

MIN_LENGTH = 4  # characters: what is shorter stands in everybody's words
NOT_CONFIRMED = 3  # exit code
NOT_REACHED = (
    "Not reached: backups, files that were exported or downloaded, logs of proxies, and what running workers have in "
    "memory until they are restarted. Counters of floods hold hashed names and are gone within a day."
)


class Command(BaseCommand):
    help = (
        "Erase what is stored of one person, in every store, and report what went and what could not. Exits with 0 "
        "where it is done or nothing is stored, 1 where it is not clear who is meant, 3 where it was not confirmed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "identifier",
            nargs="?",
            default="",
            help="a conversation's id, CHANNEL:SENDER, a visitor's token, a REST sender, staff:NAME, or an e-mail "
            "address of the staff",
        )
        parser.add_argument(
            "--text",
            action="append",
            default=[],
            help="also whole conversations, examples and entries of the audit log in which this is said, such as an "
            "e-mail address; may be given several times",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, identifier: str, text: list[str], dry_run: bool, yes: bool, **options: Any) -> None:
        person = Person(self._name_of(identifier.strip()), self._checked_texts(text))
        if not (person.name or person.texts):
            self.stdout.write("Nothing is stored under this identifier.")
            return
        found = find_personal_data(person)
        if not found:
            self.stdout.write("Nothing is stored of this person.")
            return
        self._write_report("Would be erased" if dry_run else "Will be erased", found)
        if dry_run:
            return
        if not yes and not self._confirmed():
            self.stderr.write("Nothing was erased.")
            sys.exit(NOT_CONFIRMED)
        if settings.SQLITE:
            with connection.cursor() as cursor:
                # SQLite leaves deleted rows in the file until their place is used again.
                cursor.execute("PRAGMA secure_delete = ON")
        try:
            erased = erase_personal_data(person)
        except FrontdeskError as error:
            raise CommandError(error.message) from None
        self._write_report("Erased", erased)
        self.stdout.write(NOT_REACHED)

    def _name_of(self, identifier: str) -> str:
        """The one whom it names; empty where there is nobody."""
        if not identifier:
            return ""
        names = person_names(identifier)
        if len(names) > 1 and identifier not in names:
            raise CommandError(f"This may mean several: {', '.join(names)}. Say which.")
        return identifier if identifier in names else "".join(names)

    def _checked_texts(self, texts: Sequence[str]) -> tuple[str, ...]:
        stripped = tuple(text.strip() for text in texts)
        if any(len(text) < MIN_LENGTH or "\0" in text for text in stripped):
            raise CommandError(
                f"--text takes at least {MIN_LENGTH} characters: shorter ones stand in everybody's words."
            )
        return stripped

    def _write_report(self, title: str, counts: Sequence[ErasureCount]) -> None:
        self.stdout.write(f"{title}:")
        for line in counts:
            if not line.why_kept:
                self.stdout.write(f"  {line.count:>6,} {line.what}")
        kept = [line for line in counts if line.why_kept]
        if kept:
            self.stdout.write("Stays:")
        for line in kept:
            self.stdout.write(f"  {line.count:>6,} {line.what}: {line.why_kept}")

    def _confirmed(self) -> bool:
        self.stdout.write("This can't be undone. Type 'erase' to go on: ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() == "erase"
