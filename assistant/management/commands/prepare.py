"""What a fresh installation needs before it serves: a first member of staff, and a trained assistant."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand

from training.selectors import production
from training.services import sync_with_files


class Command(BaseCommand):
    help = "Create the first member of staff and train the starter assistant, where they are missing."

    def handle(self, **options: Any) -> None:
        self._create_first_user()
        sync_with_files(bot=production().bot)
        if production().active_version is None:
            began = time.monotonic()
            self.stdout.write("Training the starter assistant")
            call_command("train_model", "--activate", "production", stdout=self.stdout)
            self.stdout.write(f"Trained in {time.monotonic() - began:.1f} s")

    def _create_first_user(self) -> None:
        name = settings.DJANGO_SUPERUSER_USERNAME
        if User.objects.filter(is_superuser=True).exists():
            return
        password, shown = settings.DJANGO_SUPERUSER_PASSWORD, "as set in DJANGO_SUPERUSER_PASSWORD"
        if not password:
            password = shown = secrets.token_urlsafe(12)
            path = settings.VAR_DIR / "admin-password"
            descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(password + "\n")
        User.objects.create_superuser(name, password=password)
        self.stdout.write(f"Log in at /admin/ as {name}, password: {shown}")
