"""`manage.py restore PATH`: the installation as it was, or nothing changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from assistant.backups import postgresql, sqlite
from assistant.backups.archives import MODELS, SECRET_KEY, Archive, BackupError, open_archive
from assistant.backups.backup import STORES, Report, fingerprint, plain_errors
from assistant.backups.tables import our_tables
from assistant.engine.archives import sign
from training.models import Environment

SPARE = 50_000_000  # bytes
LONGEST_KEY = 10_000


def restore_backup(*, path: Path, replace: bool = False, other_key: bool = False, report: Report) -> None:
    """Raises BackupError, and leaves everything as it is, where the backup is not whole or does not fit here.

    `replace`: give up what this installation holds. `other_key`: the backup belongs to another SECRET_KEY.
    """
    report(f"Checking {path}")
    archive = open_archive(path)
    _check_fits(archive, other_key)
    if not replace and _is_in_use():
        raise BackupError("This installation is in use. Add --replace to give up what it holds now.")
    database = sqlite if settings.SQLITE else postgresql
    database.check_alone()
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free < archive.size + SPARE:
        raise BackupError(f"The disk has {free / 1e6:,.0f} MB left, and {archive.size / 1e6:,.0f} MB are to come.")
    with plain_errors("Nothing was changed"), _staged_files(archive) as put_rest:
        report(f"Restoring the database, {sum(archive.manifest['counts'].values()):,} rows")
        problems: list[str] = []
        database.restore(archive, lambda: problems.extend(_check_models(archive, other_key)))
        put_rest()
    for problem in problems:
        report(problem)
    report(f"Restored what was saved at {archive.manifest.get('made')}.")


def _check_fits(archive: Archive, other_key: bool) -> None:
    manifest = archive.manifest
    if manifest["database"] != connection.vendor:
        raise BackupError(
            f"The backup is of {manifest['database']}, this installation runs on {connection.vendor}. "
            "A backup goes back to the kind of database that it came from."
        )
    ours = MigrationLoader(connection, replace_migrations=False).disk_migrations.keys()
    unknown = [f"{app}.{name}" for app, name in manifest["migrations"] if (app, name) not in ours]
    if unknown:
        raise BackupError(f"The backup was made by newer code ({unknown[0]}). Update Frontdesk first.")
    if not other_key and manifest["key"] != fingerprint(_key_after(archive)):
        raise BackupError(
            "The backup belongs to another SECRET_KEY. Set that one; or add --other-key: then sessions end, visitors "
            "get new conversations, and models must be trained again."
        )


def _key_after(archive: Archive) -> str:
    """The key in effect after the restore: the backup's comes into effect where ours is kept in the same place."""
    kept = settings.VAR_DIR / SECRET_KEY
    if SECRET_KEY not in archive.members or not kept.is_file() or kept.read_text().strip() != settings.SECRET_KEY:
        return str(settings.SECRET_KEY)
    return archive.open(SECRET_KEY).read(LONGEST_KEY).decode("ascii", "replace").strip()


def _is_in_use() -> bool:
    tables = our_tables()
    with connection.cursor() as cursor:
        for table in {User._meta.db_table, "conversations_conversation"} & set(tables):
            cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608  names of ours
            if cursor.fetchone():
                return True
    return False


@contextmanager
def _staged_files(archive: Archive) -> Iterator[Callable[[], None]]:
    """All files of the backup on our disk. Those of a name that we do not have are put in place at once: no row here
    knows them. The others, and the key, by what is yielded, when the database that knows them is in place."""
    folder = settings.VAR_DIR / "restoring"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        rest = list(_put_new_files(archive, folder))

        def put_rest() -> None:
            for staged, place in rest:
                staged.replace(place)

        yield put_rest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_new_files(archive: Archive, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yields where each of the others is, and where it is to be."""
    names = [f"{store}/{name}" for store in STORES for name in archive.names(store)]
    if SECRET_KEY in archive.members and _key_after(archive) != settings.SECRET_KEY:
        names.append(SECRET_KEY)
    for name in names:
        staged, place = folder / name, settings.VAR_DIR / name
        staged.parent.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        archive.extract(name, staged)
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        if place.exists():
            yield staged, place
        else:
            staged.replace(place)


def _check_models(archive: Archive, other_key: bool) -> Iterator[str]:
    """Yields what the operator should know. Raises BackupError for a live model that is not the one recorded."""
    key = _key_after(archive)
    for environment in Environment.objects.exclude(active_version=None).select_related("active_version"):
        version = environment.active_version
        assert version
        sha256 = archive.sha256(f"{MODELS}/{version.path.name}")
        if not sha256:
            yield f"{version.name} is live in {environment}, and its file is not in the backup: train again."
        elif sha256 != version.sha256:
            raise BackupError(f"{version.name} is live, and its file in the backup is not the one that was recorded.")
        elif version.signature != sign(sha256, key) and not other_key:
            raise BackupError(f"{version.name} is live, and its signature is not that of this SECRET_KEY.")
        elif version.signature != sign(sha256, key):
            yield f"{version.name} is live and signed with another SECRET_KEY: train again."
