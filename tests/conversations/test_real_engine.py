"""The real engine where workers of their own answer, with PostgreSQL and Redis between them and the visitors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import REAL, Running
from tests.settings import MODE

pytestmark = [pytest.mark.processes, pytest.mark.modes("distributed")]  # one process: tests/browser/test_story.py
SHOP = {
    "config.yml": "recipe: default.v1\nlanguage: en\nassistant_id: shop\npipeline:\n- name: WhitespaceTokenizer\n"
    "- name: CountVectorsFeaturizer\n- name: LogisticRegressionClassifier\npolicies:\n- name: RulePolicy\n",
    "domain.yml": 'version: "3.1"\nintents: [greet, ask_hours]\nresponses:\n  utter_greet:\n  - text: Hi!\n'
    "  utter_hours:\n  - text: From nine to five.\n",
    "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n    - good morning\n'
    "- intent: ask_hours\n  examples: |\n    - when are you open\n    - opening hours\n",
    "data/rules.yml": 'version: "3.1"\nrules:\n- rule: greet\n  steps:\n  - intent: greet\n  - action: utter_greet\n'
    "- rule: hours\n  steps:\n  - intent: ask_hours\n  - action: utter_hours\n",
}


def test_it_is_imported_trained_put_live_and_answers(tmp_path: Path) -> None:
    for name, text in SHOP.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text)
    running = Running(tmp_path / "house", MODE, workers=1)
    running.furnish()
    running.engine = REAL
    try:
        running.manage(
            "import_rasa_project", str(tmp_path / "shop"), "--bot", "main", "--train", "--activate", "production"
        )
        running.start_processes()
        assert running.post_until_answered("maria", "hello") == ["Hi!"]
        assert running.post_until_answered("maria", "when do you open") == ["From nine to five."]
    finally:
        running.stop()
