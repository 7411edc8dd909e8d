"""The starter's pipeline in place of a project's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from training.bundles.yaml_documents import UnreadableYaml, read_document

CONFIG = "config.yml"
PIPELINE = "pipeline"
LEARNING, LOOKING_UP = "- name: CRFEntityExtractor\n", "- name: RegexEntityExtractor\n"
LISTED = re.compile(r"^\s*- (lookup|regex):", re.MULTILINE)


def default_config() -> str:
    return (Path(settings.BASE_DIR) / "assistant" / "starter" / CONFIG).read_text(encoding="utf-8")


def default_config_for(files: Mapping[str, str]) -> str:
    """The project's config with the starter's pipeline, and with what looks up its tables and regular expressions.

    All of the starter's config where the project's is missing or can't be taken apart."""
    starter = default_config().splitlines(keepends=True)
    first, after = _lines_of_pipeline(starter)
    pipeline = [line for line in starter[first:after] if line.strip() and not line.lstrip().startswith("#")]
    if any(LISTED.search(text) for path, text in files.items() if path.startswith("data/")):
        pipeline.insert(pipeline.index(LEARNING), LOOKING_UP)  # synonyms come last
    config = files.get(CONFIG, "")
    lines = f"{config if _has_parts(config) else default_config()}\n".splitlines(keepends=True)
    first, after = _lines_of_pipeline(lines)
    return "".join([*lines[:first], *pipeline, "\n", *lines[after:]]).rstrip() + "\n"


def _has_parts(config: str) -> bool:
    """Not where all of it is written in braces."""
    try:
        document = read_document(config)
    except UnreadableYaml:
        return False
    return bool(document.sections) and not document.root.flow_style


def _lines_of_pipeline(lines: list[str]) -> tuple[int, int]:
    """From its key to the next one, counted from 0; the end of the file where there is no pipeline."""
    starts = read_document("".join(lines)).starts
    start = starts.get(PIPELINE, len(lines) + 1)
    later = [line for line in starts.values() if line > start]
    return start - 1, min(later, default=len(lines) + 1) - 1
