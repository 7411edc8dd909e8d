"""What the settings need: values of the environment, secrets and files that are ours alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

INSTALLATION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")  # nothing that Redis reads as a pattern
CLOSED = 0o077  # as a umask, and as the bits that must not be set


def kept_secret(path: Path) -> str:
    """A random secret that stays the same from start to start, readable by its owner only."""
    if not path.exists():
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return kept_secret(path)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def parse_origins(text: str) -> list[str]:
    """Origins separated by commas or spaces, as in `https://www.example.com https://shop.example.com`."""
    return [origin.rstrip("/") for origin in text.replace(",", " ").split()]


def redis_host(url: str) -> dict[str, Any]:
    """How channels-redis wants one server: an address that gives up on a silent host."""
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("REDIS_URL must start with redis://, rediss:// or unix://")
    return {"address": url, "socket_connect_timeout": 1, "socket_timeout": 1}


def parse_number_or_off(text: str) -> int | None:
    """`500`, or None for `off`."""
    return None if text.strip().lower() in {"off", ""} else int(text)


def installation_name(named: str, secret_key: str, database: dict[str, Any]) -> str:
    """The name by which we tell our own from what others put on the same Redis or broker.

    It is `named` by the operator, else made of the secret key and of where the database is: a dump that is restored
    elsewhere does not bring it along, not even with the same key.
    """
    if named and not INSTALLATION_NAME.fullmatch(named):
        raise ImproperlyConfigured("INSTALLATION is a name of at most 63 letters, digits, - and _.")
    place = "\n".join([database.get("HOST") or "", str(database.get("PORT") or 5432), str(database["NAME"])])
    return named or "fd-" + hmac.new(secret_key.encode(), place.encode(), hashlib.sha256).hexdigest()[:16]


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
    """Whether other users of this machine may read or write it. A link itself never counts."""
    return not path.is_symlink() and bool(path.stat().st_mode & CLOSED)


def _close(path: Path) -> None:
    with suppress(PermissionError, FileNotFoundError):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~CLOSED)
