"""The file of a backup: written from front to back, and read as if an attacker had made it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from assistant.lib.errors import FrontdeskError

FORMAT = 1
MANIFEST, DATABASE, SECRET_KEY, MODELS, TABLES = "manifest.json", "database.sqlite3", "secret-key", "models", "tables"
MEMBER = re.compile(
    r"manifest\.json|database\.sqlite3|secret-key|tables/[a-z][a-z0-9_]{0,62}|models/[^/\\.\x00-\x1f][^/\\\x00-\x1f]*"
)
LARGEST_READ = 1024**2  # bytes at once: no header makes us take more
LARGEST_MANIFEST = 16 * 1024**2
MOST_MEMBERS = 100_000


class BackupError(FrontdeskError):
    """A sentence for the operator. Nothing was changed."""

    code = "backup"


class Writer:
    """Writes the file. Adds members and remembers their hashes for the manifest."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w")  # noqa: SIM115  closed by finish
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o600
            hashed = _HashedFile(file)
            self._tar.addfile(info, hashed)
        self.members[name] = {"size": info.size, "sha256": hashed.digest.hexdigest()}

    def finish(self, manifest: dict[str, Any]) -> None:
        content = json.dumps({"format": FORMAT, "members": self.members, **manifest}, indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mode = len(content), 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._tar.close()


class _HashedFile(io.RawIOBase):
    """Hashes what is read from it, so that each file is read once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


@dataclass(frozen=True)
class Archive:
    """A backup whose every member is what the manifest says."""

    tar: tarfile.TarFile
    members: dict[str, tarfile.TarInfo]
    manifest: dict[str, Any]

    def names(self, folder: str) -> list[str]:
        """Of the members in a folder, without the folder."""
        return [name.partition("/")[2] for name in self.members if name.startswith(f"{folder}/")]

    def sha256(self, name: str) -> str:
        """Of a member; empty where there is none of that name."""
        return str(self.manifest["members"][name]["sha256"]) if name in self.members else ""

    def open(self, name: str) -> IO[bytes]:
        file = self.tar.extractfile(self.members[name])
        assert file
        return file

    def extract(self, name: str, target: Path) -> None:
        with self.open(name) as source, target.open("wb") as copy:
            for block in _blocks(source):
                copy.write(block)

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members.values())


def open_archive(path: Path) -> Archive:
    """Reads and hashes all of it. Raises BackupError."""
    try:
        file = _BoundedFile(path)
        tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  open as long as the archive is used
        members = dict(_members(tar))
        file.forward_only = False
        archive = Archive(tar, members, _manifest(tar, members))
        _check_hashes(archive)
    except (tarfile.TarError, ValueError, EOFError, RecursionError) as error:
        raise BackupError(f"{path} is no backup, or it is damaged.") from error
    except OSError as error:
        raise BackupError(f"{path} can't be read: {error.strerror or error}") from error
    return archive


class _BoundedFile(io.FileIO):
    """No header makes it read much at once, and while members are listed it does not go back."""

    forward_only = True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= LARGEST_READ:
            raise tarfile.ReadError("too large a header")
        return super().read(size) or b""

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if position < 0 or (self.forward_only and position < self.tell()):
            raise tarfile.ReadError("it does not read from front to back")
        return super().seek(position, whence)


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    seen: set[str] = set()
    while (member := tar.next()) is not None:
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse() or member.size < 0:
            raise BackupError("The file holds a link, a folder or a device: it is no backup of ours.")
        if not MEMBER.fullmatch(member.name) or member.name in seen or len(seen) >= MOST_MEMBERS:
            raise BackupError("The file holds what no backup of ours holds.", member=member.name[:100])
        seen.add(member.name)
        yield member.name, member


def _manifest(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> dict[str, Any]:
    member = members.pop(MANIFEST, None)
    if member is None:
        raise BackupError("The file has no manifest: the backup was broken off, or it is none.")
    file = tar.extractfile(member)
    if member.size > LARGEST_MANIFEST or file is None:
        raise BackupError("The manifest is too large.")
    manifest = json.loads(b"".join(_blocks(file)))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError("The backup was made by another version of Frontdesk, which writes it in another way.")
    if not _is_complete(manifest):
        raise BackupError("The manifest is incomplete.")
    return manifest


def _is_complete(manifest: dict[str, Any]) -> bool:
    kinds = {"members": dict, "counts": dict, "columns": dict, "migrations": list, "database": str, "key": str}
    return (
        all(isinstance(manifest.get(name), kind) for name, kind in kinds.items())
        and all(isinstance(count, int) for count in manifest["counts"].values())
        and all(_are_texts(columns) for columns in manifest["columns"].values())
        and all(_are_texts(migration) and len(migration) == 2 for migration in manifest["migrations"])
    )


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _check_hashes(archive: Archive) -> None:
    listed = archive.manifest["members"]
    if listed.keys() != archive.members.keys():
        raise BackupError("The file does not hold what its manifest lists.")
    for name, member in archive.members.items():
        digest = hashlib.sha256()
        for block in _blocks(archive.open(name)):
            digest.update(block)
        if not isinstance(listed[name], dict) or listed[name].get("sha256") != digest.hexdigest():
            raise BackupError(f"{name} is damaged: its hash is not the one in the manifest.")
        if listed[name].get("size") != member.size:
            raise BackupError(f"{name} is damaged: it is not as long as the manifest says.")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(LARGEST_READ // 2):
        yield block
