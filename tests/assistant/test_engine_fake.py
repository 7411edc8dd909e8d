"""The fake engine keeps the seam's contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.engine import Bundle, EngineError, Model, Progress, TrainingFailed, TurnTimeout, archives, get_engine
from assistant.engine.fake import FakeEngine
from tests.assistant.engine_conversations import Talk, texts


@pytest.fixture
def talk() -> Talk:
    return Talk(FakeEngine(), Model("any", Path("nowhere"), "", ""))


def test_it_is_the_engine_of_the_tests() -> None:
    assert isinstance(get_engine(), FakeEngine)
    assert get_engine() is get_engine()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hello", ["You said: hello"]),
        ("/many 3", ["1 of 3", "2 of 3", "3 of 3"]),
        ("/silent", []),
        ("/sleep 0.01", ["You said: /sleep 0.01"]),
    ],
)
def test_it_does_what_the_text_tells_it(talk: Talk, text: str, answer: list[str]) -> None:
    assert texts(talk.say(text)) == answer


def test_it_offers_buttons(talk: Talk) -> None:
    assert [button["title"] for button in talk.say("/buttons").messages[0].buttons] == ["Yes", "No"]


def test_it_overruns_its_time(talk: Talk) -> None:
    with pytest.raises(TurnTimeout):
        talk.say("/sleep 5", timeout=0.01)


def test_it_raises(talk: Talk) -> None:
    with pytest.raises(EngineError):
        talk.say("/raise")


def test_it_names_the_action_that_failed(talk: Talk) -> None:
    assert talk.say("/fail").error == "action_fails"


@pytest.mark.parametrize("since", [0, 2, None])
def test_it_knows_the_turns_before(talk: Talk, since: int | None) -> None:
    talk.since = since
    for _ in range(4):
        talk.say("hello")
    assert texts(talk.say("/count")) == ["4"]


def test_it_hands_out_rasas_events_as_json(talk: Talk) -> None:
    events = json.loads(json.dumps(talk.say("hello").events))
    assert [event["event"] for event in events] == [
        "action",
        "session_started",
        "action",
        "user",
        "action",
        "bot",
        "action",
    ]
    assert events[3]["parse_data"]["metadata"]["turn_key"] == "ana:1"


def test_it_trains_a_tiny_archive(tmp_path: Path) -> None:
    steps: list[Progress] = []
    archive = FakeEngine().train(Bundle({"config.yml": ""}), tmp_path, "main-1", steps.append)
    assert archive.path == tmp_path / "main-1.tar.gz"
    assert (archive.sha256, archive.size) == (archives.sha256_of(archive.path), archive.path.stat().st_size)
    assert steps[0].total == 1
    with pytest.raises(TrainingFailed):
        FakeEngine().train(Bundle({}), tmp_path, "main-2")
