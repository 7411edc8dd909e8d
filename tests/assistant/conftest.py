"""The real engine and a small trained bot, once for all tests that are marked `rasa`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.test import override_settings

from assistant.engine import Archive, Bundle, Model, Progress
from tests.assistant.engine_conversations import bundle, recorded
from tests.shared import once

if TYPE_CHECKING:
    from assistant.engine.rasa_adapter.engine import RasaEngine


@pytest.fixture(scope="package")
def rasa_engine() -> Iterator[RasaEngine]:
    from assistant.engine.rasa_adapter.engine import RasaEngine  # isort: skip  it imports Rasa quietly
    from assistant.engine.rasa_adapter.dialogue.actions import custom_actions

    custom_actions.cache_clear()
    with override_settings(ASSISTANT_SKILLS=["tests.assistant.engine_skill"]):
        engine = RasaEngine()
        yield engine
        engine.close()
    custom_actions.cache_clear()


@pytest.fixture(scope="session")
def trained() -> tuple[Archive, list[Progress]]:
    """With what it told on the way."""
    made: tuple[Archive, list[Progress]] = pickle.loads((once("sample", _train) / "trained").read_bytes())
    return made


TRAPS = {f"{name}.py": "raise SystemExit('imported')" for name in ("rasa", "json", "django", "sitecustomize")}


def _train(folder: Path) -> None:
    from assistant.engine.rasa_adapter.processes.parent import train

    steps: list[Progress] = []
    archive = train(Bundle({**bundle().files, **TRAPS}), folder, "sample", steps.append)
    (folder / "trained").write_bytes(pickle.dumps((archive, steps)))


@pytest.fixture(scope="session")
def sample(trained: tuple[Archive, list[Progress]]) -> Model:
    return recorded(trained[0].path)
