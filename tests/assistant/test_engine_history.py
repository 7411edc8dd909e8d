"""The bounded history gives the answers of the full one, whatever was said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine import Model
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, texts

pytestmark = pytest.mark.rasa

SAYINGS = [
    "hello",
    "opening hours",
    "book a table",
    "4",
    "many",
    "yes",
    "no",
    "large",
    "stop",
    "reject",
    "which key",
    "bye",
    "repeat after me",
    "what is the meaning of life",
    "qwxz foo",
    "break it",
    "missing",
    "/affirm",
    "/out_of_scope",
    "/back",
    "/restart",
    "/session_start",
    '/inform{"size": "small"}',
]
saying = st.sampled_from(SAYINGS)
# Long runs of one thing are where a bounded history could go wrong.
dialogues = st.lists(st.one_of(st.lists(saying, max_size=6), saying.map(lambda text: [text] * 5)), max_size=8).map(
    lambda parts: [text for part in parts for text in part]
)
many = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(dialogue=dialogues)
@pytest.mark.parametrize("since", [0, 1, 4])
def test_it_answers_from_a_window_as_from_everything(
    rasa_engine: Engine, sample: Model, dialogue: list[str], since: int
) -> None:
    bounded, full = Talk(rasa_engine, sample, "bounded", since=since), Talk(rasa_engine, sample, "full", since=None)
    for i, text in enumerate(dialogue):
        assert _answer(bounded, text, i) == _answer(full, text, i)


@many
@given(dialogue=dialogues)
def test_it_answers_from_a_kept_tracker_as_from_everything(
    rasa_engine: Engine, sample: Model, dialogue: list[str]
) -> None:
    kept, full = Talk(rasa_engine, sample, "kept"), Talk(rasa_engine, sample, "full", since=None)
    for i, text in enumerate(dialogue):
        assert _answer(kept, text, i, keep=True) == _answer(full, text, i)


def _answer(talk: Talk, text: str, seed: int, keep: bool = False) -> object:
    """What was said, and the slots and loop after it."""
    trackers = talk.engine._trackers._kept
    if not keep:
        trackers.pop((talk.model.sha256, talk.sender), None)
    if keep and not talk.turns:
        trackers.clear()
    np.random.seed(seed)
    reply = talk.say(text)
    said = [(m.text, m.action, m.buttons) for m in reply.messages]
    tracker = trackers[talk.model.sha256, talk.sender][1]
    slots = {name: value for name, value in tracker.current_slot_values().items() if "metadata" not in name}
    return _neutral(str(said), talk), reply.error, slots, tracker.active_loop_name, tracker.is_paused()


def _neutral(text: str, talk: Talk) -> str:
    return text.replace(f"{talk.sender}:", "key:")


BACK = ["which key", *["bye"] * 8, *["/back"] * 10]


def test_it_reads_everything_for_who_goes_far_back(rasa_engine: Engine, sample: Model) -> None:
    bounded, full = Talk(rasa_engine, sample, "bounded"), Talk(rasa_engine, sample, "full", since=None)
    for i, text in enumerate(BACK):
        assert _answer(bounded, text, i) == _answer(full, text, i)


def test_it_still_answers_where_everything_cannot_be_read(rasa_engine: Engine, sample: Model) -> None:
    talk = Talk(rasa_engine, sample, "short", all_at_hand=False)
    for text in BACK:
        talk.say(text)
    assert texts(talk.say("opening hours"))[0] == "Nine to five."
