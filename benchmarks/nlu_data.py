"""The questions to understand: what to learn from, what to ask, and what has no answer."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

OUT_OF_SCOPE = "out_of_scope"
SKILLS = ("conversations", "knowledge")
ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
Pair = tuple[str, str]


@dataclass(frozen=True)
class Questions:
    """`train` and `test` are (text, intent); nothing in `train` is about `strange`."""

    name: str
    train: list[Pair]
    test: list[Pair]
    strange: list[str]


def clinc_slice(path: Path) -> Questions | None:
    if not path.exists():
        print(f"No {path}: set FRONTDESK_DATA to the data folder to measure on the CLINC150 slice.", file=sys.stderr)
        return None
    data = json.loads(path.read_text())
    pairs = {part: [(text, intent) for text, intent in data[part]] for part in ("train", "test")}
    return Questions("CLINC150 slice", pairs["train"], pairs["test"], data["oos_test"])


def starter(root: Path) -> Questions | None:
    """The starter assistant and questions that nobody trained it on."""
    held_out = root / "benchmarks" / "data" / "starter_heldout.yml"
    if not held_out.exists():
        print(f"No {held_out.name}: the starter assistant is left out.", file=sys.stderr)
        return None
    train = [pair for skill in SKILLS for pair in _pairs(root / skill / "bot" / "nlu.yml")]
    asked = _pairs(held_out)
    test = [(text, intent) for text, intent in asked if intent != OUT_OF_SCOPE]
    return Questions("starter", train, test, [text for text, intent in asked if intent == OUT_OF_SCOPE])


def _pairs(path: Path) -> list[Pair]:
    groups = [group for group in yaml.safe_load(path.read_text())["nlu"] if "intent" in group]
    return [(text, group["intent"]) for group in groups for text in _texts(group["examples"])]


def _texts(examples: str) -> list[str]:
    lines = (line.strip() for line in examples.splitlines())
    return [ENTITY.sub(r"\1", line[1:].strip()) for line in lines if line.startswith("-")]
