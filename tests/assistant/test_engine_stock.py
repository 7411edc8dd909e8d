"""Our answers are those of Rasa as it comes, in a process without our patches."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from assistant.engine import Model, Reply
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk
from tests.assistant.test_engine_history import SAYINGS

pytestmark = pytest.mark.rasa

# Where an action fails we answer and Rasa does not.
COMMON = [text for text in SAYINGS if text not in ("break it", "missing")]


def test_it_answers_as_stock_rasa_does(rasa_engine: Engine, sample: Model) -> None:
    dialogues = [_dialogue(seed) for seed in range(12)]
    stock = _stock_answers(sample, dialogues)
    ours = [_our_answers(rasa_engine, sample, dialogue) for dialogue in dialogues]
    for dialogue, expected, got in zip(dialogues, stock, ours, strict=True):
        assert list(zip(dialogue, got, strict=True)) == list(zip(dialogue, expected, strict=True))


def _dialogue(seed: int) -> list[str]:
    chance = random.Random(seed)
    weights = [chance.random() ** 2 for _ in COMMON]
    return chance.choices(COMMON, weights, k=30)


def _stock_answers(model: Model, dialogues: list[list[str]]) -> list[Any]:
    command = [sys.executable, "-m", "tests.assistant.stock_rasa", str(model.path)]
    done = subprocess.run(command, input=json.dumps(dialogues), capture_output=True, text=True, check=True)
    answers: list[Any] = json.loads(done.stdout)
    return answers


def _our_answers(engine: Engine, model: Model, dialogue: list[str]) -> list[Any]:
    talk = Talk(engine, model, "key")
    engine._trackers._kept.clear()
    return [_seeded(talk, text, i) for i, text in enumerate(dialogue)]


def _seeded(talk: Talk, text: str, turn: int) -> list[Any]:
    np.random.seed(turn)
    return _as_rest(talk.say(text))


def _as_rest(reply: Reply) -> list[Any]:
    messages = [
        {"text": m.text, "buttons": list(m.buttons), "image": m.image, "attachment": m.attachment, "custom": m.custom}
        for m in reply.messages
    ]
    return [{key: value for key, value in message.items() if value} for message in messages]
