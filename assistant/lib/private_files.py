"""What we write is for the user who runs us, and for nobody else on the machine."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

CLOSED = 0o077  # as a umask, and as the bits that must not be set


def keep_files_private(folder: Path) -> None:
    """All that this process and its children write from now on is closed to others, and so is what `folder` holds.

    What an earlier version left open is closed once: a folder that is closed already is not looked into. Links are
    not followed. A folder of somebody else's (a mounted volume) stays as its owner made it; a check names it.
    """
    os.umask(CLOSED)
    folder.mkdir(parents=True, exist_ok=True)
    if not is_open_to_others(folder):
        return
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if is_open_to_others(Path(parent, name))]
        for name in [*files, *folders]:
            _close(Path(parent, name))
    _close(folder)  # last: a walk that was killed begins again


def is_open_to_others(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & CLOSED)


def _close(path: Path) -> None:
    with suppress(PermissionError, FileNotFoundError):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~CLOSED)
