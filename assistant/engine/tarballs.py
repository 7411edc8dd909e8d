"""Reads a gzipped tar that nobody vouches for: once, from front to back, and within bounds."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from time import monotonic

from django.conf import settings

from assistant.engine.errors import ModelRefused
from assistant.engine.types import Json

LARGEST_JSON = 16 * 1024**2  # bytes, all that is read of one archive
LARGEST_HEADER = 1024**2
# An archive may unpack to so many times its own size, and so many bytes more. The starter's unpacks to 1.1 times its
# size, one of all neural components to 1.4 times; only what is JSON alone shrinks to a tenth and less.
MOST_TIMES, ALWAYS = 20, 64 * 1024**2
MOST_MEMBERS = 1_000
SECONDS = 60.0
ORDINARY = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)


def read(path: Path, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, Json]]:
    """Checks every member. Returns the names of all, and the JSON of those that are `wanted`. Raises ModelRefused."""
    names, found = list[str](), dict[str, Json]()
    try:
        with gzip.open(path) as packed:
            unpacked = Unpacked(packed, largest(path.stat().st_size))
            with tarfile.open(fileobj=unpacked, mode="r:") as tar:
                for name, member in _checked_members(tar, unpacked.largest):
                    names.append(name)
                    if wanted(name):
                        found[name] = _read_json(tar, unpacked, member)
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error, RecursionError) as error:
        raise ModelRefused("The file is not a model archive, or it is damaged.") from error
    return names, found


def largest(size: int) -> int:
    """What an archive of `size` bytes may unpack to: a few megabytes of zeros would fill a disk."""
    return int(min(settings.MODEL_UNPACKED_MB * 1024**2, MOST_TIMES * size + ALWAYS))


class Unpacked(io.RawIOBase):
    """What a gzip file inflates to. No header makes it read much at once, go back, or go on for ever."""

    def __init__(self, packed: gzip.GzipFile, largest: int) -> None:
        self._packed, self._ends, self.most = packed, monotonic() + SECONDS, LARGEST_HEADER
        self.largest, self.json_left = largest, LARGEST_JSON

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
        if position > self.largest:
            raise _too_large(self.largest)
        if monotonic() > self._ends:
            raise ModelRefused("The archive takes too long to read.")


def _too_large(largest: int) -> ModelRefused:
    return ModelRefused(f"The archive is too large: it unpacks to more than {largest // 1024**2} MB.")


def _checked_members(tar: tarfile.TarFile, largest: int) -> Iterator[tuple[str, tarfile.TarInfo]]:
    seen: set[str] = set()
    while (member := tar.next()) is not None:
        if member.size > largest:
            raise _too_large(largest)
        if member.type not in ORDINARY or member.issparse():
            raise ModelRefused(f"The archive holds a link or a device: {member.name}")
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
            raise ModelRefused(f"The archive holds an unsafe path: {member.name}")
        name = str(path)
        if name in seen:
            raise ModelRefused(f"The archive holds the same file twice: {name}")
        seen.add(name)
        if len(seen) > MOST_MEMBERS:
            raise ModelRefused("The archive holds too many files.")
        yield name, member


def _read_json(tar: tarfile.TarFile, unpacked: Unpacked, member: tarfile.TarInfo) -> Json:
    file = tar.extractfile(member) if member.isfile() and member.size <= unpacked.json_left else None
    if file is None:
        raise ModelRefused(f"The archive has no readable {member.name}.")
    unpacked.most = unpacked.json_left  # one read may take this much now: it is no header
    unpacked.json_left -= member.size
    content = json.load(file)
    unpacked.most = LARGEST_HEADER
    if not isinstance(content, dict):
        raise ModelRefused(f"The archive has no readable {member.name}.")
    return content
