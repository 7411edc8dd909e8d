"""Writes to versions: put them live, roll back, describe and delete them, take in uploads, hand out downloads."""

from __future__ import annotations

import hmac
import logging
import os
import re
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.files import File
from django.core.files.move import file_move_safe
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from assistant.engine import Archive, EngineError, ModelRefused, OnProgress, Progress, get_engine
from assistant.engine.archives import sha256_of, sign, verify
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from training.jobs import Finish, register_handler
from training.models import PRODUCTION, Activation, Bot, Environment, Job, ModelVersion
from training.selectors.job_queue import UNFINISHED
from training.selectors.versions import unseen_examples
from training.services.job_queue import queue_job
from training.services.training_and_evaluation import create_version, request_comparison

log = logging.getLogger("frontdesk.training")
Status = ModelVersion.Status
FILE_KEPT = timedelta(hours=1)  # so long the file of a deleted version
ARRIVING = ".arriving"
SPOOLED = "*.upload*"  # so Django calls them
LEFT_AFTER = 3600.0  # seconds


class CannotActivate(FrontdeskError):
    """It is not ready, or there is nothing to go back to."""

    code = "cannot_activate"
    status = 409


class CannotDelete(FrontdeskError):
    """It is live, or being worked on."""

    code = "cannot_delete"
    status = 409


class NoArchive(FrontdeskError):
    """There is no file of it, or not the one that was recorded."""

    code = "no_archive"
    status = 409


class UploadRefused(FrontdeskError):
    """Before its content was looked at."""

    code = "upload_refused"


class UploadTooLarge(UploadRefused):
    """Larger than `MODEL_UPLOAD_MB`."""

    code = "too_large"
    status = 413


def activate_version(*, version: ModelVersion, environment: str = PRODUCTION, by: User | None = None) -> Environment:
    """From the next message on, this version answers there. Messages that came before keep theirs. Raises
    CannotActivate."""
    with write_transaction():
        # A row of its own first, to be locked: two who activate at once are put one after the other.
        Environment.objects.get_or_create(bot=version.bot, name=environment)
        place = Environment.objects.select_for_update(of=("self",)).get(bot=version.bot, name=environment)
        return _put_live(place, version, by)


def roll_back(*, environment: Environment, by: User | None, seen: int | None = None) -> Environment:
    """Put back what the newest activation took the place of. `seen`: the id of the activation that the asker saw as the
    newest; where it no longer is, nothing changes. Raises CannotActivate."""
    with write_transaction():
        place = Environment.objects.select_for_update(of=("self",)).get(pk=environment.pk)
        newest = place.activations.select_related("previous").first()
        if newest is None or newest.previous is None:
            raise CannotActivate("There is nothing to go back to.")
        if seen is not None and newest.pk != seen:
            raise CannotActivate("Somebody put another version live meanwhile: look again.", code="changed_meanwhile")
        return _put_live(place, newest.previous, by)


def describe_version(*, version: ModelVersion, note: str, by: User | None) -> ModelVersion:
    """`note`: what is new in it, in staff's words."""
    with write_transaction():
        before, version.note = version.note, note.strip()[:200]
        version.save(update_fields=["note"])
        audit.record(version, {"note": (before, version.note)}, by=by)
    return version


def delete_version(*, version: ModelVersion, by: User | None) -> None:
    """Its evaluations and its file; the row stays, marked: a million messages may name it. The file goes later, in
    `delete_files_of_deleted_versions`: a message that came while it was live is still answered by it. Raises
    CannotDelete for what is live or being worked on."""
    with write_transaction():
        row = ModelVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
        if Job.objects.filter(version=row, status__in=UNFINISHED).exists():
            raise CannotDelete("A job works on it. Cancel that, or wait for its end.")
        if row.live_in.exists():
            raise CannotDelete(f"{row.name} is live. Activate another version first.")
        if row.status == Status.DELETED:
            return
        row.status, row.deleted = Status.DELETED, timezone.now()
        row.save(update_fields=["status", "deleted"])
        row.evaluations.all().delete()
        audit.record(row, {"name": (row.name, None)}, by=by, action=audit.DELETED)


def delete_files_of_deleted_versions() -> int:
    """Of those that were deleted a while ago. Returns how many there were."""
    rows = ModelVersion.objects.filter(status=Status.DELETED, deleted__lt=timezone.now() - FILE_KEPT)
    there = [version.path for version in rows if version.path.exists()]
    for path in there:
        path.unlink(missing_ok=True)
    return len(there)


def warm_up_live_models() -> None:
    """Load what is live into this process, so that the first message does not wait for it."""
    for place in Environment.objects.exclude(active_version=None).select_related("active_version"):
        assert place.active_version is not None
        try:
            get_engine().load(place.active_version.for_engine())
        except EngineError as error:
            log.error("%s could not be loaded: %s", place.active_version, error.message)


def archive_for_download(*, version: ModelVersion, by: AbstractBaseUser | None) -> Path:
    """The file of a version that is ready, and still the one that was recorded. The audit log says who took it.
    Raises NoArchive."""
    if version.status != Status.READY:
        raise NoArchive(f"{version.name} is {version.get_status_display().lower()}: there is no file to download.")
    try:
        verify(version.for_engine())
    except ModelRefused as error:
        raise NoArchive(error.message) from None
    with write_transaction():
        audit.record(version, {"downloaded": (None, version.sha256)}, by=by, action=audit.ACCESSED)
    return version.path


def upload_version(*, bot: Bot, file: File, by: User | None, sha256: str = "", note: str = "") -> ModelVersion:
    """Take a model archive into quarantine and queue its check. `sha256`: what the file should have, if known.
    Raises UploadRefused: too large, empty, or not the file that was meant."""
    expected = sha256.strip().lower()
    if expected and not re.fullmatch(r"[0-9a-f]{64}", expected):
        raise UploadRefused("A SHA-256 has 64 digits and letters from a to f.", code="bad_sha256", field="sha256")
    arriving, found = _keep_arriving(file)
    try:
        if expected and not hmac.compare_digest(found, expected):
            raise UploadRefused("The file is not the one you meant: its SHA-256 is another.", code="wrong_sha256")
        with write_transaction():
            version = create_version(
                bot=bot,
                status=Status.QUARANTINED,
                origin=ModelVersion.Origin.UPLOADED,
                sha256=found,
                size=arriving.stat().st_size,
                created_by=by,
                note=note[:200],
            )
            audit.record(version, {"sha256": (None, found)}, by=by, action=audit.CREATED)
            # Before the row is there for others: its check would not find the file.
            arriving.replace(version.quarantine_path)
            queue_job(bot=bot, kind="check_upload", by=by, version=version)
        return version
    finally:
        arriving.unlink(missing_ok=True)


@register_handler("check_upload")
def check_upload(job: Job, report_progress: OnProgress) -> Finish:
    """A child process looks at it. What the engine refuses is deleted when the job ends (`job_queue`)."""
    version = job.version
    assert version is not None
    report_progress(Progress("", 0, 1, 0.0, now="Loading it in a process of its own"))
    archive = get_engine().inspect(version.quarantine_path)
    if archive.sha256 != version.sha256:
        raise ModelRefused("The file has changed since it was uploaded.")
    return partial(_admit, version, archive, bool(unseen_examples(version)))


def delete_leftover_uploads() -> int:
    """Delete what processes that were killed left of uploads. Returns how many files there were."""
    deleted = 0
    for path in [*Path(settings.FILE_UPLOAD_TEMP_DIR).glob(SPOOLED), *_quarantine().glob(f"*{ARRIVING}")]:
        try:
            # Every piece that arrives makes a file younger.
            is_left = time.time() - path.stat().st_mtime > LEFT_AFTER
        except FileNotFoundError:
            continue
        if is_left:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _put_live(place: Environment, chosen: ModelVersion, by: User | None) -> Environment:
    # Locked, as it may be deleted meanwhile.
    version = ModelVersion.objects.select_for_update(of=("self",)).get(pk=chosen.pk)
    if version.status != Status.READY:
        raise CannotActivate(f"{version.name} is {version.get_status_display().lower()}, it can't go live.")
    before = place.active_version
    if before == version:
        return place
    place.active_version, place.activated = version, timezone.now()
    place.save(update_fields=["active_version", "activated"])
    Activation.objects.create(environment=place, version=version, previous=before, by=by)
    audit.record(place, {"active_version": (before and before.name, version.name)}, by=by)
    return place


def _keep_arriving(file: File) -> tuple[Path, str]:
    """Bring an upload into the folder of the quarantine. Where it is now, and its SHA-256."""
    limit = settings.MODEL_UPLOAD_MB * 1024**2
    if file.size > limit:
        raise UploadTooLarge(f"It is larger than {filesizeformat(limit)}.")
    if not file.size:
        raise UploadRefused("The file is empty.", code="empty")
    path = _quarantine() / f"{os.urandom(8).hex()}{ARRIVING}"
    try:
        if isinstance(file, TemporaryUploadedFile):
            # It is on disk already, and copied only where that is another disk.
            file_move_safe(file.temporary_file_path(), str(path))
        else:
            with path.open("xb") as copy:
                for chunk in file.chunks():
                    copy.write(chunk)
        return path, sha256_of(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _quarantine() -> Path:
    folder = Path(settings.VAR_DIR) / "models" / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _admit(version: ModelVersion, archive: Archive, evaluable: bool) -> None:
    """Out of quarantine: from now on it can go live."""
    version.quarantine_path.replace(version.path)
    version.status, version.error = Status.READY, ""
    version.signature, version.history_turns = sign(archive.sha256), archive.history_turns
    version.save()
    if evaluable:
        request_comparison(version=version)
