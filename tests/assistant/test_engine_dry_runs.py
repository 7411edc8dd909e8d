"""A dry run answers as a turn does, but nothing outside changes by it."""

from __future__ import annotations

import pytest

from assistant.engine import Model, Reply
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, texts

pytestmark = pytest.mark.rasa


@pytest.fixture
def replay(rasa_engine: Engine, sample: Model, request: pytest.FixtureRequest) -> Talk:
    return Talk(rasa_engine, sample, f"replay:{request.node.name}")


def _actions(reply: Reply) -> list[str]:
    return [event["name"] for event in reply.events if event["event"] == "action"]


def test_it_only_names_an_action_that_may_have_an_effect(replay: Talk) -> None:
    reply = replay.say("which key", dry_run=True)
    assert (texts(reply), reply.error) == ([], "")
    assert "action_tell_key" in _actions(reply)
    assert "told" not in [event.get("name") for event in reply.events if event["event"] == "slot"]


def test_it_goes_on_after_an_action_that_did_not_run(replay: Talk) -> None:
    replay.say("which key", dry_run=True)
    assert texts(replay.say("opening hours", dry_run=True))[0] == "Nine to five."


def test_it_runs_an_action_that_says_it_only_reads(replay: Talk) -> None:
    assert texts(replay.say("sleep a while", dry_run=True)) == ["Slept."]


def test_it_takes_what_a_form_is_told_without_validating_it(replay: Talk) -> None:
    said = [texts(replay.say(text, dry_run=True)) for text in ("book a table", "four", "yes", "large")]
    assert said == [["How many?"], ["Outside?"], ["Small or large?"], ["Table for four, True, large"]]


def test_it_says_that_an_action_is_missing(replay: Talk) -> None:
    assert replay.say("missing", dry_run=True).error == "action_nowhere"


def test_it_leaves_the_trackers_of_conversations_alone(rasa_engine: Engine, sample: Model, replay: Talk) -> None:
    Talk(rasa_engine, sample, "real").say("hello")
    kept = dict(rasa_engine._trackers._kept)
    for number in range(30):
        Talk(rasa_engine, sample, f"replay:{number}").say("hello", dry_run=True)
    assert rasa_engine._trackers._kept == kept
    assert len(rasa_engine._dry_trackers._kept) <= 20


def test_it_knows_which_actions_of_the_starter_have_an_effect() -> None:
    from conversations import actions

    ours = [each for each in vars(actions).values() if getattr(each, "__module__", "") == actions.__name__]
    named = {each.__name__ for each in ours if hasattr(each, "run") and not getattr(each, "safe_to_replay", False)}
    assert named == {"ActionRequestHandoff"}
