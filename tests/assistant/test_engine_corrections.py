"""What staff correct is answered rightly by the next version, and the rest is answered no worse."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import override_settings

from assistant.engine import Bundle, Guess, Labelled, Model
from assistant.engine.fake_bots import learned
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import recorded
from tests.starter import trained
from training.starter import starter_bundle

pytestmark = pytest.mark.rasa

HELD_OUT = Path(settings.BASE_DIR) / "benchmarks" / "data" / "starter_heldout.yml"
CORRECTIONS = [
    Labelled(text, intent)
    for intent, texts in yaml.safe_load((Path(__file__).parent / "corrections.yml").read_text()).items()
    for text in texts
]


@pytest.fixture(scope="module")
def engine(rasa_engine: Engine) -> Iterator[Engine]:
    with override_settings(ASSISTANT_SKILLS=["conversations", "knowledge"]):
        yield rasa_engine


@pytest.fixture(scope="module")
def before(engine: Engine) -> Model:
    return trained()[0]


@pytest.fixture(scope="module")
def after(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Model:
    files = {**starter_bundle(settings.BASE_DIR).files, "data/corrections.yml": yaml.safe_dump(_as_nlu(CORRECTIONS))}
    return recorded(engine.train(Bundle(files), tmp_path_factory.mktemp("after"), "corrected").path)


def test_it_gets_them_wrong_before(engine: Engine, before: Model) -> None:
    assert len(CORRECTIONS) == 50
    assert [guess.right.text for guess in engine.evaluate(before, CORRECTIONS) if _is_right(guess)] == []


@pytest.mark.parametrize("spelt", ["{}", "{}?!", "  {} ...", '"{}"', "({})"])
@pytest.mark.parametrize("case", [str, str.upper, str.capitalize])
def test_it_gets_all_fifty_right_after(engine: Engine, after: Model, case: Any, spelt: str) -> None:
    said = [Labelled(spelt.format(case(each.text)), each.intent) for each in CORRECTIONS]
    guesses = engine.evaluate(after, said)
    assert [(guess.right, guess.intent) for guess in guesses if not _is_right(guess)] == []
    assert min(guess.confidence for guess in guesses) > 0.95


def test_it_understands_the_rest_no_worse(engine: Engine, before: Model, after: Model) -> None:
    assert _right(engine, after) >= _right(engine, before) > 0.85 * len(_held_out())


@lru_cache(maxsize=1)
def _held_out() -> list[Labelled]:
    return learned(Bundle({"data/nlu.yml": HELD_OUT.read_text()})).labelled()


def _right(engine: Engine, model: Model) -> int:
    return sum(map(_is_right, engine.evaluate(model, _held_out())))


def _is_right(guess: Guess) -> bool:
    return guess.intent == guess.right.intent


def _as_nlu(corrections: list[Labelled]) -> dict[str, Any]:
    by_intent: dict[str, list[str]] = {}
    for each in corrections:
        by_intent.setdefault(each.intent, []).append(each.text)
    items = [{"intent": intent, "examples": "".join(f"- {t}\n" for t in texts)} for intent, texts in by_intent.items()]
    return {"version": "3.1", "nlu": items}
