"""A backup may come from a stranger: it is read to its end before anything is done."""

import gzip
import io
import tarfile

import pytest
from django.conf import settings
from django.db import connection

from assistant.backups import BackupError, make_backup, restore_backup
from assistant.backups.archives import Writer, open_archive
from assistant.backups.backup import fingerprint


def manifest(**other):
    here = {"database": connection.vendor, "key": fingerprint(settings.SECRET_KEY)}
    return {"counts": {}, "columns": {}, "migrations": [], **here, **other}


@pytest.fixture
def whole(tmp_path):
    path, writer = tmp_path / "whole.tar", Writer(tmp_path / "whole.tar")
    (tmp_path / "model").write_bytes(b"a model" * 100_000)
    writer.add("models/main-1.tar.gz", tmp_path / "model")
    writer.finish(manifest())
    return path


def test_it_reads_what_was_written(whole, tmp_path):
    archive = open_archive(whole)
    archive.extract("models/main-1.tar.gz", tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == b"a model" * 100_000
    assert archive.names("models") == ["main-1.tar.gz"]


def member(name, size=0, type=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, type
    for key, value in more.items():
        setattr(info, key, value)
    return info


HOSTILE = {
    "path": member("../../etc/cron.d/x"),
    "absolute": member("/etc/cron.d/x"),
    "deep": member("models/../../x.tar.gz"),
    "hidden": member("models/.htaccess"),
    "backslash": member("models/..\\x"),
    "folder": member("models", type=tarfile.DIRTYPE),
    "symlink": member("models/x.tar.gz", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("models/x.tar.gz", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "device": member("models/x.tar.gz", type=tarfile.CHRTYPE),
    "sparse": member("models/x.tar.gz", type=tarfile.GNUTYPE_SPARSE),
    "pax sparse": member("models/x.tar.gz", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.size": str(10**15)}),
    "large header": member("models/x.tar.gz", pax_headers={"comment": "x" * 3_000_000}),
    "twice": member("models/main-1.tar.gz"),
    "another table": member("tables/auth_user; DROP TABLE x"),
    "not listed": member("models/main-2.tar.gz"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_refuses_a_member_that_no_backup_has(whole, tmp_path, name):
    with tarfile.open(whole) as old, tarfile.open(tmp_path / "hostile.tar", "w") as new:
        for ordinary in old:
            new.addfile(ordinary, old.extractfile(ordinary))
        new.addfile(HOSTILE[name], io.BytesIO())
    with pytest.raises(BackupError):
        open_archive(tmp_path / "hostile.tar")


@pytest.mark.parametrize("at", [0, 100, 130, 512, 300_000, 700_511])
def test_it_notices_every_damage(whole, at):
    """In a header, and at the beginning, in the middle and at the end of what a member holds."""
    content = bytearray(whole.read_bytes())
    content[at] ^= 0x41
    whole.write_bytes(content)
    with pytest.raises(BackupError):
        open_archive(whole)


def test_it_refuses_half_a_file_and_other_files(whole, tmp_path):
    content = whole.read_bytes()
    others = [b"", b"hello", content[:1000], content[:-20_000], content[: len(content) // 2], gzip.compress(content)]
    for other in others:
        whole.write_bytes(other)
        with pytest.raises(BackupError):
            open_archive(whole)
    with pytest.raises(BackupError):
        open_archive(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"database": "oracle"}, "kind of database"),
        ({"migrations": [["conversations", "9999_from_the_future"]]}, "newer code"),
        ({"key": "of another"}, "another SECRET_KEY"),
        ({"counts": [1]}, "incomplete"),
        ({"migrations": "all"}, "incomplete"),
        ({"migrations": [7]}, "incomplete"),
        ({"columns": {"auth_user": ["id; DROP TABLE auth_user"]}, "counts": {"auth_user": "many"}}, "incomplete"),
        ({"format": 2}, "another version"),
    ],
    ids=range(8),
)
def test_it_refuses_what_does_not_fit_here(db, tmp_path, told, sentence):
    path, writer = tmp_path / "unfit.tar", Writer(tmp_path / "unfit.tar")
    writer.finish(manifest(**told))
    with pytest.raises(BackupError, match=sentence):
        restore_backup(path=path, replace=True, report=lambda line: None)


def test_it_takes_no_other_files_place(whole, tmp_path):
    for path, sentence in [(whole, "is there already"), (tmp_path / "nowhere" / "backup.tar", "There is no folder")]:
        with pytest.raises(BackupError, match=sentence):
            make_backup(path=path, report=lambda line: None)


def test_it_refuses_what_the_disk_has_no_room_for(whole, db, monkeypatch):
    monkeypatch.setattr("assistant.backups.restore.SPARE", 10**18)
    for database in ("sqlite", "postgresql"):
        monkeypatch.setattr(f"assistant.backups.{database}.check_alone", lambda: None)
    with pytest.raises(BackupError, match="The disk has"):
        restore_backup(path=whole, replace=True, report=lambda line: None)
