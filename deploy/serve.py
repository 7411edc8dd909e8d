"""Migrate, prepare and serve in one process: three would pay for Django's start three times.

`python -m deploy.serve HOST PORT`
"""

from __future__ import annotations

import os
import sys

import django
from django.core.management import CommandError, call_command
from django.db import OperationalError

from deploy.steps import StepFailed, step, tidy_exit


def main() -> None:
    """Errors that an operator can mend are shown without a stack trace."""
    host, port = sys.argv[1:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")
    with tidy_exit():
        try:
            django.setup()
            with step("Migrating"):
                call_command("migrate", verbosity=0, skip_checks=False)
            call_command("prepare")
            call_command("serve", "--host", host, "--port", port)
        except OperationalError as error:
            raise StepFailed(f"The database does not work: {error}".strip()) from None
        except CommandError as error:
            raise StepFailed(str(error).strip()) from None


if __name__ == "__main__":
    main()
