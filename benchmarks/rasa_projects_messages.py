"""What people say to a Rasa project: its test stories, its stories and rules by way of examples, and all examples."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any

import yaml

LENGTH = 10  # messages, in dialogues made of examples
ANNOTATION = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
Dialogue = list[str]


def dialogues_of(files: Mapping[str, str]) -> list[Dialogue]:
    contents = {
        path: yaml.safe_load(text) or {} for path, text in files.items() if path.startswith(("data/", "tests/"))
    }
    examples = _examples(contents)
    by_intent = {intent: cycle(texts) for intent, texts in examples.items()}
    told = [_told(story, by_intent) for content in contents.values() for story in _stories(content)]
    return [dialogue for dialogue in told if dialogue] + _shuffled(
        [text for texts in examples.values() for text in texts]
    )


def _examples(contents: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path, content in contents.items():
        for entry in content.get("nlu") or [] if path.startswith("data/") else []:
            if "intent" in entry:
                found[entry["intent"].partition("/")[0]] += _texts(entry["examples"])
    return dict(found)


def _texts(examples: str | list[Any]) -> Iterator[str]:
    lines = examples.splitlines() if isinstance(examples, str) else [f"- {item['text']}" for item in examples]
    for line in lines:
        if text := line.strip().removeprefix("-").strip():
            yield ANNOTATION.sub(r"\1", text)


def _stories(content: Mapping[str, Any]) -> list[Any]:
    return [*(content.get("stories") or []), *(content.get("rules") or [])]


def _told(story: Mapping[str, Any], by_intent: Mapping[str, Iterator[str]]) -> Dialogue:
    said = (_said(step, by_intent) for step in story.get("steps") or [])
    return [text for text in said if text]


def _said(step: Any, by_intent: Mapping[str, Iterator[str]]) -> str:
    if "user" in step:
        return ANNOTATION.sub(r"\1", step["user"].strip())
    if "intent" not in step:
        return ""
    intent = step["intent"].partition("/")[0]
    return next(by_intent[intent]) if intent in by_intent else f"/{step['intent']}"


def _shuffled(texts: list[str]) -> list[Dialogue]:
    random.Random(7).shuffle(texts)
    return [texts[start : start + LENGTH] for start in range(0, len(texts), LENGTH)]
