"""A small bot that the fake engine trains at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import LazySettings

from training.models import Bot, BotFile, Example, Intent
from training.services import sync_with_files

CONFIG = "recipe: default.v1\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\npolicies:\n- name: RulePolicy\n"
DOMAIN = """\
version: "3.1"
intents: [greet, goodbye]
responses:
  utter_greet:
  - text: Hello!
  utter_goodbye:
  - text: Bye!
"""
NLU = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi
    - good morning
- intent: goodbye
  examples: |
    - bye
    - see you
    - good night
"""


@dataclass
class TrainableBot:
    """A bot with two intents. `trainable.slowly(3)`: its training takes that many seconds."""

    bot: Bot

    def hold_out(self, intent: str, text: str) -> Example:
        row, _ = Intent.objects.get_or_create(bot=self.bot, name=intent, deleted=None)
        exact = hashlib.sha1(text.encode()).hexdigest()
        return Example.objects.create(
            bot=self.bot, intent=row, text=text, use=Example.Use.HELD_OUT, exact=exact, alike=exact
        )

    def slowly(self, seconds: float, steps: int = 3) -> None:
        self._config(f"{CONFIG}fake: {{seconds: {seconds}, steps: {steps}}}\n")

    def failing(self, words: str) -> None:
        self._config(f'{CONFIG}fake: {{fail: "{words}"}}\n')

    def more(self, *texts: str) -> None:
        lines = "".join(f"    - {text}\n" for text in texts)
        BotFile.objects.create(bot=self.bot, path=f"data/more-{len(texts)}.yml", text=_nlu("greet", lines))
        sync_with_files(bot=self.bot)

    def _config(self, text: str) -> None:
        BotFile.objects.filter(bot=self.bot, path="config.yml").update(text=text)


@pytest.fixture
def trainable(db: None, settings: LazySettings, tmp_path: Path) -> TrainableBot:
    """In a folder of its own: names of versions come again from test to test, their files must not."""
    settings.VAR_DIR = tmp_path
    return make_trainable_bot()


def make_trainable_bot(name: str = "faq") -> TrainableBot:
    bot = Bot.objects.create(name=name)
    for path, text in {"config.yml": CONFIG, "domain.yml": DOMAIN, "data/nlu.yml": NLU}.items():
        BotFile.objects.create(bot=bot, path=path, text=text)
    return TrainableBot(bot)


def _nlu(intent: str, lines: str) -> str:
    return f'version: "3.1"\nnlu:\n- intent: {intent}\n  examples: |\n{lines}'
