"""Models from elsewhere: they stay in quarantine until a child process has looked at them."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.move import file_move_safe
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.template.defaultfilters import filesizeformat

from assistant.engine import Archive, ModelRefused, OnProgress, Progress, get_engine
from assistant.engine.archives import sign
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.jobs import Finish, handles
from training.models import Bot, Job, ModelVersion
from training.selectors.evaluations import unseen_by
from training.services.evaluating import ask_for_comparison
from training.services.queue import add_job
from training.services.versions import named_version

ARRIVING = ".arriving"
SPOOLED = "*.upload*"  # so Django calls them
LEFT_AFTER = 3600.0  # seconds
BLOCK = 1 << 20


class UploadRefused(FrontdeskError):
    code = "upload_refused"


class UploadTooLarge(UploadRefused):
    code = "too_large"
    status = 413


def upload_version(*, bot: Bot, file: File, by: User | None, sha256: str = "", note: str = "") -> ModelVersion:
    """Take a model archive into quarantine and queue its check. `sha256`: what the file should have, if known.
    Raises UploadRefused: too large, empty, or not the file that was meant."""
    expected = sha256.strip().lower()
    if expected and not re.fullmatch(r"[0-9a-f]{64}", expected):
        raise UploadRefused("A SHA-256 has 64 digits and letters from a to f.", code="bad_sha256", field="sha256")
    arriving, found, size = _kept(file)
    try:
        if expected and not hmac.compare_digest(found, expected):
            raise UploadRefused("The file is not the one you meant: its SHA-256 is another.", code="wrong_sha256")
        return _quarantined(bot, arriving, found, size, by, note)
    finally:
        arriving.unlink(missing_ok=True)


@handles("check_upload")
def check_upload(job: Job, tell: OnProgress) -> Finish:
    """What the engine refuses is deleted with the version marked as failed (`following.py`)."""
    version = job.version
    assert version is not None
    tell(Progress("", 0, 1, 0.0, now="Loading it in a process of its own"))
    archive = get_engine().inspect(version.quarantine_path)
    if archive.sha256 != version.sha256:
        raise ModelRefused("The file has changed since it was uploaded.")
    return partial(_admit, job, version, archive, bool(unseen_by(version)))


def clear_leftovers() -> int:
    """Delete what processes that were killed left of uploads. Returns how many files it were."""
    arriving = [*Path(settings.FILE_UPLOAD_TEMP_DIR).glob(SPOOLED), *_quarantine().glob(f"*{ARRIVING}")]
    left = [path for path in arriving if _is_left(path)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _kept(file: File) -> tuple[Path, str, int]:
    """Where it is now, its SHA-256 and its size in bytes."""
    limit = settings.MODEL_UPLOAD_MB * 1024**2
    if file.size > limit:
        raise UploadTooLarge(f"It is larger than {filesizeformat(limit)}.")
    if not file.size:
        raise UploadRefused("The file is empty.", code="empty")
    path = _quarantine() / f"{os.urandom(8).hex()}{ARRIVING}"
    try:
        _bring(file, path)
        return path, _sha256(path), path.stat().st_size
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _bring(file: File, path: Path) -> None:
    """What is on disk already is moved, and copied only where that is another disk."""
    if isinstance(file, TemporaryUploadedFile):
        file_move_safe(file.temporary_file_path(), str(path))
        return
    with path.open("xb") as copy:
        for chunk in file.chunks():
            copy.write(chunk)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _quarantine() -> Path:
    folder = Path(settings.VAR_DIR) / "models" / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_left(path: Path) -> bool:
    """Every piece that arrives makes a file younger."""
    try:
        return time.time() - path.stat().st_mtime > LEFT_AFTER
    except FileNotFoundError:
        return False


def _quarantined(bot: Bot, arriving: Path, sha256: str, size: int, by: User | None, note: str) -> ModelVersion:
    status, origin = ModelVersion.Status.QUARANTINED, ModelVersion.Origin.UPLOADED
    with write_transaction():
        version = named_version(
            bot=bot, status=status, origin=origin, sha256=sha256, size=size, created_by=by, note=note[:200]
        )
        audit.record(version, {"sha256": (None, sha256)}, by=by, action=audit.CREATED)
        arriving.replace(version.quarantine_path)
        add_job(bot=bot, kind="check_upload", by=by, version=version)
    return version


def _admit(job: Job, version: ModelVersion, archive: Archive, evaluable: bool) -> None:
    version.quarantine_path.replace(version.path)
    version.status, version.error = ModelVersion.Status.READY, ""
    version.signature, version.history_turns = sign(archive.sha256), archive.history_turns
    version.save()
    if evaluable:
        ask_for_comparison(version=version)
