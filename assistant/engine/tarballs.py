"""Reads a gzipped tar that nobody vouches for: once, from front to back, and within bounds."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from time import monotonic

from assistant.engine.errors import ModelRefused
from assistant.engine.types import Json

LARGEST_ARCHIVE = 2 * 1024**3  # bytes, unpacked
LARGEST_JSON = 16 * 1024**2
LARGEST_HEADER = 1024**2
MOST_MEMBERS = 5_000
SECONDS = 60.0
ORDINARY = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)


def json_of(path: Path, wanted: Collection[str]) -> dict[str, Json]:
    """Checks every member, and returns what the `wanted` files hold that are there. Raises ModelRefused."""
    try:
        with gzip.open(path) as packed:
            unpacked = Unpacked(packed)
            with tarfile.open(fileobj=unpacked, mode="r:") as tar:
                return {name: _json(tar, unpacked, member) for name, member in _members(tar) if name in wanted}
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, RecursionError) as error:
        raise ModelRefused("The file is not a model archive, or it is damaged.") from error


class Unpacked(io.RawIOBase):
    """What a gzip file inflates to. No header makes it read much at once, go back, or go on for ever."""

    def __init__(self, packed: gzip.GzipFile) -> None:
        self._packed, self._ends, self.most = packed, monotonic() + SECONDS, LARGEST_HEADER

    def read(self, size: int = -1) -> bytes:
        self._check(self.tell() + size)
        if not 0 <= size <= self.most:
            raise ModelRefused("The archive has a header that is too large.")
        return self._packed.read(size)

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        self._check(position)
        if whence != io.SEEK_SET or position < self.tell():
            raise ModelRefused("The archive does not read from front to back.")
        return self._packed.seek(position)

    def tell(self) -> int:
        return self._packed.tell()

    def _check(self, position: int) -> None:
        if position > LARGEST_ARCHIVE:
            raise ModelRefused("The archive is too large.")
        if monotonic() > self._ends:
            raise ModelRefused("The archive takes too long to read.")


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    seen: set[str] = set()
    while (member := tar.next()) is not None:
        _check(member)
        name = str(PurePosixPath(member.name))
        if name in seen:
            raise ModelRefused(f"The archive holds the same file twice: {name}")
        seen.add(name)
        if len(seen) > MOST_MEMBERS:
            raise ModelRefused("The archive holds too many files.")
        yield name, member


def _check(member: tarfile.TarInfo) -> None:
    if member.size > LARGEST_ARCHIVE:
        raise ModelRefused("The archive is too large.")
    if member.type not in ORDINARY or member.issparse():
        raise ModelRefused(f"The archive holds a link or a device: {member.name}")
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise ModelRefused(f"The archive holds an unsafe path: {member.name}")


def _json(tar: tarfile.TarFile, unpacked: Unpacked, member: tarfile.TarInfo) -> Json:
    file = tar.extractfile(member) if member.isfile() and member.size <= LARGEST_JSON else None
    if file is None:
        raise ModelRefused(f"The archive has no readable {member.name}.")
    unpacked.most = LARGEST_JSON
    content = json.load(file)
    unpacked.most = LARGEST_HEADER
    if not isinstance(content, dict):
        raise ModelRefused(f"The archive has no readable {member.name}.")
    return content
