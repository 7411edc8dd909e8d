"""Models that staff upload: nothing is trusted before it was looked at."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction
from django.test import Client

from assistant.engine.archives import verify
from assistant.lib.cleanup import run_cleanup
from assistant.lib.errors import FrontdeskError
from tests.training.conftest import TrainableBot
from training.models import Job, ModelVersion
from training.services import cancel_job, run_next_job, train_version, upload_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(trainable: TrainableBot) -> bytes:
    return train_version(bot=trainable.bot).path.read_bytes()


def uploaded(trainable: TrainableBot, content: bytes, by: User | None = None, **options: str) -> ModelVersion:
    return upload_version(bot=trainable.bot, file=SimpleUploadedFile("model.tar.gz", content), by=by, **options)


def left_in_quarantine(settings: LazySettings) -> list[Path]:
    return list((settings.VAR_DIR / "models" / "quarantine").glob("*"))


@pytest.fixture
def checked(django_capture_on_commit_callbacks):
    """Does the check of an upload and returns the version."""

    def check_now(version: ModelVersion) -> ModelVersion:
        with django_capture_on_commit_callbacks(execute=True):
            assert run_next_job("worker")
        version.refresh_from_db()
        return version

    return check_now


def test_it_keeps_an_upload_in_quarantine_until_it_was_checked(
    trainable: TrainableBot, archive: bytes, ana: User, checked
) -> None:
    version = uploaded(trainable, archive, ana, note="From the old server")
    assert (version.status, version.origin, version.created_by) == ("quarantined", "uploaded", ana)
    assert not version.path.exists()
    checked(version)
    assert (version.status, version.size, version.note) == ("ready", len(archive), "From the old server")
    verify(version.for_engine())


def test_it_refuses_and_deletes_what_is_no_model(trainable: TrainableBot, settings: LazySettings, checked) -> None:
    version = checked(uploaded(trainable, b"not a model"))
    assert (version.status, version.signature) == ("failed", "")
    assert "not a model archive" in version.error
    assert left_in_quarantine(settings) == []


def test_it_deletes_an_upload_whose_check_is_cancelled(
    trainable: TrainableBot, archive: bytes, settings: LazySettings, ana: User, django_capture_on_commit_callbacks
) -> None:
    version = uploaded(trainable, archive)
    with django_capture_on_commit_callbacks(execute=True):
        cancel_job(job=Job.objects.get(version=version), by=ana)
    version.refresh_from_db()
    assert (version.status, left_in_quarantine(settings)) == ("cancelled", [])


def test_it_keeps_an_upload_whose_check_was_not_cancelled_after_all(
    trainable: TrainableBot, archive: bytes, settings: LazySettings, ana: User
) -> None:
    version = uploaded(trainable, archive)
    with transaction.atomic():
        cancel_job(job=Job.objects.get(version=version), by=ana)
        transaction.set_rollback(True)
    version.refresh_from_db()
    assert (version.status, left_in_quarantine(settings)) == ("quarantined", [version.quarantine_path])


def test_it_admits_only_the_file_that_was_uploaded(trainable: TrainableBot, archive: bytes, checked) -> None:
    version = uploaded(trainable, archive)
    trainable.more("howdy")
    version.quarantine_path.write_bytes(train_version(bot=trainable.bot).path.read_bytes())
    checked(version)
    assert (version.status, version.signature, version.path.exists()) == ("failed", "", False)
    assert "has changed" in version.error


def test_it_asks_an_admitted_upload_what_is_held_out(trainable: TrainableBot, archive: bytes, checked) -> None:
    checked(uploaded(trainable, archive))
    assert not Job.objects.filter(kind="evaluate").exists()
    trainable.hold_out("greet", "good day")
    version = checked(uploaded(trainable, archive))
    assert Job.objects.get(kind="evaluate").version == version


def test_it_takes_only_the_file_that_was_meant(trainable: TrainableBot, archive: bytes, settings: LazySettings) -> None:
    right = hashlib.sha256(archive).hexdigest()
    assert uploaded(trainable, archive, sha256=f" {right.upper()} ").sha256 == right
    for wrong, words in (("0" * 64, "not the one you meant"), ("abc", "64 digits")):
        with pytest.raises(FrontdeskError, match=words):
            uploaded(trainable, archive, sha256=wrong)
    assert len(left_in_quarantine(settings)) == 1


def test_it_refuses_what_is_too_large_or_empty(trainable: TrainableBot, settings: LazySettings) -> None:
    settings.MODEL_UPLOAD_MB = 1
    with pytest.raises(FrontdeskError, match="larger than"):
        uploaded(trainable, b"x" * (1024**2 + 1))
    with pytest.raises(FrontdeskError, match="empty"):
        uploaded(trainable, b"")
    assert left_in_quarantine(settings) == []
    assert not ModelVersion.objects.filter(origin="uploaded").exists()
    assert uploaded(trainable, b"x" * 1024**2).size == 1024**2


class Watched(TemporaryFileUploadHandler):
    """Remembers the inode of what was spooled."""

    inodes: list[int] = []

    def file_complete(self, file_size: int) -> UploadedFile:
        done = super().file_complete(file_size)
        self.inodes.append(os.stat(done.temporary_file_path()).st_ino)
        return done


def test_it_spools_beside_the_models_and_moves_what_came(
    trainable: TrainableBot, archive: bytes, ana: User, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Watched"]
    client = Client()
    client.force_login(ana)
    address = f"/admin/training/modelversion/upload/?bot__id__exact={trainable.bot.pk}"
    sent = client.post(address, {"file": SimpleUploadedFile("model.tar.gz", archive)})
    version = ModelVersion.objects.get(origin="uploaded")
    assert (sent.status_code, version.size) == (302, len(archive))
    assert version.sha256 == hashlib.sha256(archive).hexdigest()
    assert version.quarantine_path.stat().st_ino == Watched.inodes[-1]
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []


def test_it_clears_what_killed_processes_left_and_nothing_else(trainable: TrainableBot, settings: LazySettings) -> None:
    waiting = uploaded(trainable, b"not checked yet").quarantine_path
    left = [settings.FILE_UPLOAD_TEMP_DIR / "tmpk.upload.gz", waiting.parent / "0f.arriving"]
    arriving = settings.FILE_UPLOAD_TEMP_DIR / "tmpn.upload.gz"
    for path in (*left, arriving):
        path.write_bytes(b"half a mod")
    for path in (*left, waiting):
        os.utime(path, (time.time() - 7200,) * 2)
    run_cleanup()
    assert [path.exists() for path in (*left, arriving, waiting)] == [False, False, True, True]
    arriving.unlink()
