"""`manage.py backup PATH`: beside a server that runs."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from assistant.backups import postgresql, sqlite
from assistant.backups.archives import MODELS, SECRET_KEY, BackupError, Writer

Report = Callable[[str], None]
STORES = {MODELS: "*.tar.gz"}  # folders of VAR_DIR, and which files in them are worth keeping


def make_backup(*, path: Path, with_secrets: bool = False, report: Report) -> None:
    """Nothing stands at `path` before it is whole. Raises BackupError."""
    if path.exists():
        raise BackupError(f"{path} is there already. Choose another name.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.")
    with plain_errors(f"{path} could not be written"), _working_folder(path) as folder:
        unfinished = folder / "backup.tar"
        _write_archive(unfinished, folder, with_secrets, report)
        _flush_to_disk(unfinished)
        unfinished.rename(path)
        _flush_to_disk(path.parent)
    report(f"Saved {path}, {_megabytes(path.stat().st_size)}")
    if not with_secrets:
        report("SECRET_KEY is not in it: keep it apart, a restore asks for the same one.")


def fingerprint(secret_key: str) -> str:
    """Says whether two keys are the same, and nothing of either."""
    return hmac.new(secret_key.encode(), b"assistant.backups", hashlib.sha256).hexdigest()


@contextmanager
def plain_errors(what: str) -> Iterator[None]:
    """Turns errors of the disk and the database into a sentence for the operator."""
    try:
        yield
    except (OSError, sqlite3.OperationalError, DatabaseError) as error:
        full = getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error)
        why = "the disk is full" if full else getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise BackupError(f"{what}: {why}.") from error


def _write_archive(path: Path, folder: Path, with_secrets: bool, report: Report) -> None:
    writer = Writer(path)
    report("Saving the database")
    saved = (sqlite if settings.SQLITE else postgresql).save(writer, folder)
    report(f"{sum(saved['counts'].values()):,} rows of {len(saved['counts'])} tables")
    for store, pattern in STORES.items():
        files = [path for path in sorted((settings.VAR_DIR / store).glob(pattern)) if path.is_file()]
        for file in files:
            writer.add(f"{store}/{file.name}", file)
        report(f"{len(files)} {store}, {_megabytes(sum(file.stat().st_size for file in files))}")
    if with_secrets:
        kept = settings.VAR_DIR / SECRET_KEY
        if not kept.is_file() or kept.read_text().strip() != settings.SECRET_KEY:
            raise BackupError("SECRET_KEY comes from the environment: keep it where it is kept now.")
        writer.add(SECRET_KEY, kept)
    needed = ([] if with_secrets else ["SECRET_KEY"]) + (["REST_TOKEN"] if settings.REST_TOKEN else [])
    about = {
        "made": timezone.now().isoformat(timespec="seconds"),
        "installation": settings.INSTALLATION,
        "key": fingerprint(settings.SECRET_KEY),
        "needs": needed,
    }
    writer.finish({**saved, **about})


@contextmanager
def _working_folder(path: Path) -> Iterator[Path]:
    """Beside the backup, on the same disk. What a killed backup left in it is removed."""
    folder = path.with_name(f"{path.name}.unfinished")
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BackupError(f"Another backup is writing {path}.") from None
    try:
        for left in folder.iterdir():
            left.unlink()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
