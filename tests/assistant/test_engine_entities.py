"""What staff mark is found by the starter's pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.engine import Bundle, Model
from assistant.engine.archives import sign
from assistant.engine.types import Engine
from training.importing.default_pipeline import default_config

pytestmark = pytest.mark.rasa
CITIES = ("new york", "boston", "berlin", "paris", "rome")
NLU = f"""\
version: "3.1"
nlu:
- intent: location
  examples: |
{"".join(f"    - do you have an office in [{city}](city){chr(10)}" for city in CITIES)}
- intent: greet
  examples: |
    - hello
    - good morning
- synonym: New York
  examples: |
    - new york
"""
DOMAIN = 'version: "3.1"\nintents: [location, greet]\nentities: [city]\n'
RULES = 'version: "3.1"\nrules:\n- rule: wait\n  steps:\n  - intent: greet\n  - action: action_listen\n'


def test_it_finds_what_was_marked_and_what_it_means(rasa_engine: Engine, tmp_path: Path) -> None:
    files = {"config.yml": default_config(), "domain.yml": DOMAIN, "data/nlu.yml": NLU, "data/rules.yml": RULES}
    made = rasa_engine.train(Bundle(files), tmp_path, "marked")
    model = Model("marked", made.path, made.sha256, sign(made.sha256))
    found = [rasa_engine.parse(model, text).entities for text in ("do you have an office in new york", "hello")]
    assert [[(it["entity"], it["value"]) for it in entities] for entities in found] == [[("city", "New York")], []]
