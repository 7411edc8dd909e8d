"""A model archive leaves the house."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser

from assistant.engine import ModelRefused
from assistant.engine.archives import verify
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.models import ModelVersion


class NoArchive(FrontdeskError):
    code = "no_archive"
    status = 409


def archive_for_download(*, version: ModelVersion, by: AbstractBaseUser | None) -> Path:
    """The file of a version that is ready, and still the one that was recorded. The audit log says who took it.
    Raises NoArchive."""
    if version.status != ModelVersion.Status.READY:
        raise NoArchive(f"{version.name} is {version.get_status_display().lower()}: there is no file to download.")
    try:
        verify(version.for_engine())
    except ModelRefused as error:
        raise NoArchive(error.message) from None
    with write_transaction():
        audit.record(version, {"downloaded": (None, version.sha256)}, by=by, action=audit.ACCESSED)
    return version.path
