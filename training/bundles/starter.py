"""The starter assistant: the union of what the skills bring."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from assistant.engine import Bundle


def starter_bundle(root: Path) -> Bundle:
    """The pipeline of `assistant/starter/config.yml` and every skill's `bot/`: `domain/<skill>.yml`,
    `data/<skill>-nlu.yml` and so on."""
    files = {"config.yml": (root / "assistant" / "starter" / "config.yml").read_text()}
    for skill in settings.ASSISTANT_SKILLS:
        for path in sorted((root / skill / "bot").glob("*.yml")):
            name = f"domain/{skill}.yml" if path.stem == "domain" else f"data/{skill}-{path.name}"
            files[name] = path.read_text()
    return Bundle(files)
