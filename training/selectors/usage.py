"""What answers an intent: one of our rules, or the project's own rules and stories."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assistant.engine import TrainingFailed
from training.bundles import Pipeline, RenamedIntent, Usage, pipeline_in, usage_in
from training.models import Bot, Intent, Response
from training.selectors.data import changes_of, files_of

NAMED_IN_CODE = re.compile(r"\butter_\w+")


def usage_of(bot: Bot) -> Usage:
    try:
        files = files_of(bot).files
    except TrainingFailed:
        return Usage()
    return _usage(tuple(files.items()), tuple(changes_of(bot)))


def pipeline_of(bot: Bot) -> Pipeline:
    try:
        return pipeline_in(files_of(bot).files)
    except TrainingFailed:
        return Pipeline()


def answer_of(intent: Intent, usage: Usage) -> str:
    """The response that answers it; empty where nothing does, or more than a response."""
    return usage.answers.get(intent.name, "") or intent.answer


def users_of(response: Response, usage: Usage) -> list[str]:
    """What would break without it, in words."""
    intents = Intent.objects.filter(bot_id=response.bot_id, answer=response.name, deleted=None)
    answers = [f"the answer to {name}" for name in intents.values_list("name", flat=True)]
    rules = ["a rule, story or form of the project"] if response.name in usage.actions else []
    return answers + rules + (["an action"] if is_named_in_code(response.name) else [])


def is_named_in_code(response: str) -> bool:
    """By an action of a skill, in full or by how it begins (`utter_means_`)."""
    return any(response == name or (name.endswith("_") and response.startswith(name)) for name in _named_in_code())


@lru_cache(maxsize=1)
def _named_in_code() -> frozenset[str]:
    modules = [Path(settings.BASE_DIR) / skill / "actions.py" for skill in settings.ASSISTANT_SKILLS]
    texts = [path.read_text(encoding="utf-8") for path in modules if path.exists()]
    return frozenset(name for text in texts for name in NAMED_IN_CODE.findall(text))


@lru_cache(maxsize=8)
def _usage(files: tuple[tuple[str, str], ...], changes: tuple[RenamedIntent, ...]) -> Usage:
    return usage_in(dict(files), changes)
