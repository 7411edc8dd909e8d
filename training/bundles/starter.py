"""The starter assistant: the union of what the skills bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from assistant.engine import Bundle


def starter_bundle(root: Path) -> Bundle:
    """The pipeline of `assistant/starter/config.yml` and every skill's `bot/`."""
    files = {"config.yml": (root / "assistant" / "starter" / "config.yml").read_text()}
    for skill in settings.ASSISTANT_SKILLS:
        files.update(_files_of(skill, root / skill / "bot"))
    return Bundle(files)


def _files_of(skill: str, folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.yml")):
        place = "domain" if path.stem == "domain" else "data"
        name = f"{skill}.yml" if place == "domain" else f"{skill}-{path.name}"
        yield f"{place}/{name}", path.read_text()
