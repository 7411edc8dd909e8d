"""The models under load: the starter as it ships, and its data on a pipeline that a bare `rasa run` can serve too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.running import ROOT, Running

SKILLS = ("conversations", "knowledge")
_CONFIG = """
recipe: default.v1
assistant_id: load
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: LogisticRegressionClassifier
- name: FallbackClassifier
  threshold: 0.01
  ambiguity_threshold: 0.0
policies:
- name: RulePolicy
"""
KEY = {"SECRET_KEY": "one key for all, or each would refuse what another trained"}
_REPLACE = """
import json, pathlib
from training.models import MAIN, Bot
from training.services import replace_files
replace_files(bot=Bot.objects.get_or_create(name=MAIN)[0], files=json.loads(pathlib.Path({path!r}).read_text()))
"""


class Workshop:
    """An installation that only trains. Others get its archives and rows, so that all serve the same file."""

    def __init__(self, folder: Path, engine: str, model: str) -> None:
        folder.mkdir(parents=True)
        self._place = Running(folder, "embedded", engine=engine, extra=KEY)
        self._place.manage("migrate", "--verbosity", "0")
        if model == "stock":
            files = folder / "files.json"
            files.write_text(json.dumps(stock_files()))
            self._place.manage("shell", "--verbosity", "0", "-c", _REPLACE.format(path=str(files)))
        self._place.manage("train_model", "--activate", "production")
        self._place.manage("dumpdata", "training", "--output", str(folder / "rows.json"), "--verbosity", "0")

    @property
    def archive(self) -> Path:
        (found,) = (self._place.folder / "models").glob("*.tar.gz")
        return found

    def install(self, place: Running) -> None:
        for made in ("models", "embeddings"):
            if (self._place.folder / made).exists():
                shutil.copytree(self._place.folder / made, place.folder / made, dirs_exist_ok=True)
        place.manage("loaddata", str(self._place.folder / "rows.json"), "--verbosity", "0")


def stock_files() -> dict[str, str]:
    """Custom actions, which a bare `rasa run` lacks, give way to `utter_default`."""
    files = {"config.yml": _CONFIG}
    for skill in SKILLS:
        bot = ROOT / skill / "bot"
        domain: dict[str, Any] = yaml.safe_load((bot / "domain.yml").read_text())
        custom = domain.pop("actions", [])
        files[f"domain/{skill}.yml"] = yaml.safe_dump(domain, allow_unicode=True, sort_keys=False)
        files[f"data/{skill}-nlu.yml"] = (bot / "nlu.yml").read_text()
        files[f"data/{skill}-rules.yml"] = _without(custom, (bot / "rules.yml").read_text())
    return files


def _without(actions: list[str], rules: str) -> str:
    for action in actions:
        rules = rules.replace(f"- action: {action}\n", "- action: utter_default\n")
    return rules
