"""Reads of what a bot is trained on: its files, the rows that staff edit, and what answers an intent."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assistant.engine import Bundle, TrainingFailed
from training.bundles import Pipeline, RenamedIntent, TrainingData, TrainingExample, Usage, pipeline_in, usage_in
from training.bundles.starter import starter_bundle
from training.models import MAIN, Bot, Intent, Response
from training.selectors.examples import trained_on
from training.selectors.intents import intent_changes_of

RESPONSE_IN_CODE = re.compile(r"\butter_\w+")


def files_of(bot: Bot) -> Bundle:
    """What the bot was imported from, or what the skills bring. Raises TrainingFailed."""
    files = dict(bot.files.values_list("path", "text"))
    if files:
        return Bundle(files)
    if bot.name == MAIN:
        return starter_bundle(settings.BASE_DIR)
    raise TrainingFailed(f"{bot.name} has nothing to train on: import a project first.")


def training_data_of(bot: Bot) -> TrainingData:
    """What is trained on: all that is not deleted, held out or overruled. In the order in which it came."""
    data = data_without_examples(bot)
    examples = trained_on(bot).order_by("id").values_list("intent__name", "text", "entities", "metadata")
    data.examples = [TrainingExample(*row) for row in examples]
    return data


def data_without_examples(bot: Bot) -> TrainingData:
    """Its intents, responses and synonyms."""
    return TrainingData(
        intents=dict(bot.intents.filter(deleted=None).order_by("id").values_list("name", "answer")),
        responses=dict(bot.responses.filter(deleted=None).order_by("id").values_list("name", "variations")),
        synonyms=dict(bot.synonyms.filter(deleted=None).order_by("id").values_list("text", "value")),
    )


def pipeline_of(bot: Bot) -> Pipeline:
    """What its pipeline learns and maps. An empty one where the bot has no files."""
    try:
        return pipeline_in(files_of(bot).files)
    except TrainingFailed:
        return Pipeline()


def usage_of(bot: Bot) -> Usage:
    """Which intents and responses the project's rules, stories and forms use. Empty where the bot has no files."""
    try:
        files = files_of(bot).files
    except TrainingFailed:
        return Usage()
    return _usage_in(tuple(files.items()), tuple(intent_changes_of(bot)))


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
    names = _responses_in_code()
    return any(response == name or (name.endswith("_") and response.startswith(name)) for name in names)


@lru_cache(maxsize=1)
def _responses_in_code() -> frozenset[str]:
    modules = [Path(settings.BASE_DIR) / skill / "actions.py" for skill in settings.ASSISTANT_SKILLS]
    texts = [path.read_text(encoding="utf-8") for path in modules if path.exists()]
    return frozenset(name for text in texts for name in RESPONSE_IN_CODE.findall(text))


@lru_cache(maxsize=8)
def _usage_in(files: tuple[tuple[str, str], ...], changes: tuple[RenamedIntent, ...]) -> Usage:
    """Reading the rules and stories takes tenths of a second, and they change rarely."""
    return usage_in(dict(files), changes)
