"""The fake engine keeps the seam's contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.engine import (
    Bundle,
    Cancelled,
    EngineError,
    Model,
    ModelRefused,
    Progress,
    TrainingFailed,
    TurnTimeout,
    archives,
    get_engine,
)
from assistant.engine.fake import FakeEngine
from tests.assistant.engine_conversations import Talk, recorded, texts


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


PROJECT = {
    "config.yml": "",
    "domain/desk.yml": 'responses: {utter_hours: [{text: "Nine to five."}], utter_greet: [{text: "Hello!"}]}',
    "data/nlu.yml": (
        "nlu:\n- intent: greet\n  examples: |\n    - hello\n    - good morning\n"
        "- intent: ask_hours\n  examples: |\n    - when do you open on [Monday](day)\n    - when do you close\n"
    ),
    "data/rules.yml": "rules:\n- rule: hours\n  steps: [{intent: ask_hours}, {action: utter_hours}]\n",
}


@pytest.fixture
def taught(tmp_path: Path) -> Talk:
    return Talk(FakeEngine(), recorded(FakeEngine().train(Bundle(PROJECT), tmp_path, "taught").path))


@pytest.mark.parametrize(
    ("text", "intent", "action", "answer"),
    [
        ("When do you OPEN on Monday", "ask_hours", "utter_hours", "Nine to five."),
        ("hello", "greet", "utter_greet", "Hello!"),
        ("/greet", "greet", "utter_greet", "Hello!"),
        ("hello there", "echo", "utter_echo", "You said: hello there"),
    ],
)
def test_it_answers_what_it_was_taught(taught: Talk, text: str, intent: str, action: str, answer: str) -> None:
    reply = taught.say(text)
    assert (reply.intent, reply.messages[0].action, texts(reply)) == (intent, action, [answer])


def test_it_finds_the_entities_of_an_example(taught: Talk) -> None:
    (entity,) = taught.say("when do you open on monday").entities
    assert entity == {"start": 20, "end": 26, "value": "Monday", "entity": "day"}


def test_it_answers_no_longer_from_a_file_that_somebody_changed(taught: Talk) -> None:
    taught.model.path.write_bytes(b"")
    with pytest.raises(ModelRefused):
        taught.say("hello")


def test_it_trains_slowly_where_the_config_says_so(tmp_path: Path) -> None:
    reports: list[Progress] = []
    slow = Bundle({"config.yml": "fake: {seconds: 0.4, steps: 2}"})
    FakeEngine().train(slow, tmp_path, "slow", reports.append)
    assert [each.component for each in reports if each.component] == ["Echo1", "Echo2"]
    assert {each.now for each in reports} == {"Echo1", "Echo2", ""}


def test_it_fails_where_the_config_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="no luck"):
        FakeEngine().train(Bundle({"config.yml": 'fake: {fail: "no luck"}'}), tmp_path, "bad")
    assert list(tmp_path.iterdir()) == []


def test_it_leaves_nothing_where_nobody_wants_it_any_more(tmp_path: Path) -> None:
    def cancel(progress: Progress) -> None:
        raise Cancelled("Not any more.")

    with pytest.raises(Cancelled):
        FakeEngine().train(Bundle({"config.yml": "fake: {seconds: 60}"}), tmp_path, "gone", cancel)
    assert list(tmp_path.iterdir()) == []


def test_it_guesses_each_example_without_its_fold() -> None:
    first, again = (FakeEngine().cross_validate(Bundle(PROJECT), 2, seed=1) for _ in range(2))
    assert first == again
    assert [guess.right.intent for guess in first] == ["greet", "greet", "ask_hours", "ask_hours"]
    assert all(guess.confidence < 1 for guess in first)


def test_it_takes_an_archive_of_its_own_only(tmp_path: Path, taught: Talk) -> None:
    assert FakeEngine().inspect(taught.model.path).sha256 == taught.model.sha256
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"no archive")
    with pytest.raises(ModelRefused):
        FakeEngine().inspect(other)
