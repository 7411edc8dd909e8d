"""Reading what the environment says into what the settings need."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


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


def origins(text: str) -> list[str]:
    """Origins separated by commas or spaces, as in `https://www.example.com https://shop.example.com`."""
    return [origin.rstrip("/") for origin in text.replace(",", " ").split()]


def redis_of(url: str) -> dict[str, Any]:
    """How channels-redis wants one server: an address that gives up on a silent host."""
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("REDIS_URL must start with redis://, rediss:// or unix://")
    return {"address": url, "socket_connect_timeout": 1, "socket_timeout": 1}


def number_or_off(text: str) -> int | None:
    """`500`, or None for `off`."""
    return None if text.strip().lower() in {"off", ""} else int(text)
