"""The engine behind the seam, with a small bot that was really trained."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.engine import Archive, Model, Progress, TurnTimeout, Window
from assistant.engine.types import Engine
from tests.assistant.engine_conversations import Talk, texts
from tests.assistant.engine_skill import actions

pytestmark = pytest.mark.rasa


@pytest.fixture
def talk(rasa_engine: Engine, sample: Model, request: pytest.FixtureRequest) -> Talk:
    return Talk(rasa_engine, sample, request.node.name)


def test_it_imports_without_a_word_and_without_a_trace() -> None:
    program = (
        "import asyncio, sys, logging\n"
        "policy, hook = type(asyncio.get_event_loop_policy()), sys.excepthook\n"
        "import assistant.engine\nassert 'rasa' not in sys.modules\n"
        "import assistant.engine.rasa_adapter.import_rasa\n"
        "assert type(asyncio.get_event_loop_policy()) is policy and sys.excepthook is hook\n"
        "assert not logging.getLogger('tensorflow').handlers and 'jax' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_answers_and_hands_out_the_events(talk: Talk) -> None:
    reply = talk.say("hello")
    assert (reply.intent, texts(reply), reply.messages[0].action) == ("greet", ["Hello"], "utter_greet")
    assert reply.ranking[0] == {"name": "greet", "confidence": reply.confidence}
    names = [event.get("name") or event["event"] for event in reply.events if event["event"] != "slot"]
    assert names == [
        "action_session_start",
        "session_started",
        "action_listen",
        "user",
        "user_featurization",
        "utter_greet",
        "bot",
        "action_listen",
    ]
    assert set(reply.timings) >= {"parse", "dialogue", "actions", "total"}


def test_it_collects_buttons_and_images(talk: Talk) -> None:
    assert talk.say("goodbye").messages[0].buttons[0]["payload"] == "/greet"
    assert [m.image for m in talk.say("opening hours").messages] == ["", "https://example.org/hours.png"]


def test_it_takes_intents_and_entities_as_payload(talk: Talk) -> None:
    reply = talk.say('/inform{"size": "small"}')
    assert (reply.intent, reply.entities[0]["value"], reply.confidence) == ("inform", "small", 1.0)


def test_it_fills_a_form(talk: Talk) -> None:
    said = [texts(talk.say(text)) for text in ("book a table", "four", "4", "yes", "large")]
    assert said == [["How many?"], ["How many?"], ["Outside?"], ["Small or large?"], ["Table for 4, True, large"]]


def test_it_lets_a_validation_reject_the_form(talk: Talk) -> None:
    talk.say("book a table")
    reply = talk.say("reject")
    assert "action_execution_rejected" in [event["event"] for event in reply.events]
    assert not reply.error


def test_it_tells_actions_the_turn_key_and_metadata(talk: Talk) -> None:
    assert texts(talk.say("which key", metadata={"page": "/prices"})) == [f"{talk.sender}:1 /prices"]
    assert texts(talk.say("thank you")) == ["You know the key."]


@pytest.mark.parametrize(("text", "action"), [("break it", "action_fail"), ("nonsense please", "action_nonsense")])
def test_it_apologises_for_an_action_that_fails(
    talk: Talk, caplog: pytest.LogCaptureFixture, text: str, action: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = talk.say(text)
    assert (texts(reply), reply.error) == (["Sorry?"], action)
    assert action in caplog.text
    assert text not in caplog.text
    assert texts(talk.say("opening hours"))[0] == "Nine to five."


def test_it_says_which_action_is_missing(talk: Talk) -> None:
    reply = talk.say("missing")
    assert (texts(reply), reply.error) == (["Sorry?"], "action_nowhere")


def test_it_is_silent_while_the_conversation_is_paused(talk: Talk) -> None:
    talk.say("hello")
    talk.events.append({"event": "pause", "timestamp": time.time()})
    reply = talk.say("opening hours")
    assert (texts(reply), reply.intent) == ([], "hours")
    talk.events.append({"event": "resume", "timestamp": time.time()})
    assert texts(talk.say("opening hours"))[0] == "Nine to five."


def test_it_begins_a_new_session_after_an_hour(talk: Talk) -> None:
    talk.since = None
    talk.say('/greet{"size": "small"}')
    for event in talk.events:
        event["timestamp"] -= 3700
    talk.events.append({"event": "resume", "timestamp": time.time() - 3700})
    events = talk.say("hello").events
    begin = [event["event"] for event in events].index("session_started")
    assert events[begin - 1]["name"] == "action_session_start"
    carried = {event["name"]: event["value"] for event in events[begin:] if event["event"] == "slot"}
    assert carried["size"] == "small"


def test_it_answers_many_conversations_at_once(rasa_engine: Engine, sample: Model) -> None:
    talks = [Talk(rasa_engine, sample, f"many-{i}") for i in range(20)]
    with ThreadPoolExecutor(20) as pool:
        for text, answer in (("hello", "Hello"), ("book a table", "How many?"), ("3", "Outside?")):
            assert {texts(reply)[0] for reply in pool.map(lambda talk, text=text: talk.say(text), talks)} == {answer}


@pytest.mark.clock
def test_it_does_not_wait_for_another_conversations_slow_action(rasa_engine: Engine, sample: Model) -> None:
    slow = threading.Thread(target=Talk(rasa_engine, sample, "slow").say, args=("sleep a while",))
    slow.start()
    time.sleep(0.05)
    started = time.monotonic()
    Talk(rasa_engine, sample, "fast").say("hello")
    took = time.monotonic() - started
    slow.join()
    assert took < 0.25


def test_it_gives_up_a_turn_that_hangs_and_answers_the_next(rasa_engine: Engine, sample: Model) -> None:
    abandoned, waiting = rasa_engine.abandoned, []
    hanging = Talk(rasa_engine, sample, "hanging")
    actions.let_go.clear()
    behind = threading.Thread(target=lambda: waiting.append(Talk(rasa_engine, sample, "behind").say("hello")))
    threading.Timer(0.2, behind.start).start()
    with pytest.raises(TurnTimeout):
        hanging.say("never come back", timeout=0.6)
    assert texts(Talk(rasa_engine, sample, "next").say("hello")) == ["Hello"]
    behind.join(5)
    actions.let_go.set()
    assert texts(waiting[0]) == ["Hello"]
    assert rasa_engine.abandoned == abandoned + 1
    assert texts(hanging.say("hello")) == ["Hello"]


def test_it_loads_one_model_once_for_many_callers(rasa_engine: Engine, sample: Model) -> None:
    from assistant.engine.rasa_adapter.loaded_models import LoadedModels

    models, loads = LoadedModels(), []
    load = models._loaded
    models._loaded = lambda model, folder: loads.append(model) or load(model, folder)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _use(models, sample), range(8)))
    assert len(loads) == 1


def _use(models: object, model: Model) -> None:
    with models.use(model, 30):
        pass


def test_it_reports_each_step_of_a_training(trained: tuple[Archive, list[Progress]]) -> None:
    archive, reports = trained
    steps = [each for each in reports if each.component]
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1].total == len(steps)
    assert {"LogisticRegressionClassifier", "RulePolicy"} <= {step.component for step in steps} & {
        t.now for t in reports
    }
    assert archive.history_turns is not None
    assert archive.memory > 100_000_000


def test_it_parses(rasa_engine: Engine, sample: Model) -> None:
    parse = rasa_engine.parse(sample, "a large one")
    assert (parse.intent, parse.entities[0]["value"]) == ("inform", "large")


def test_it_keeps_the_snapshot_small(talk: Talk) -> None:
    for _ in range(30):
        talk.say("hello")
        reply = talk.say("opening hours")
    assert len(str(reply.snapshot)) < 15_000
    assert isinstance(talk.window(), Window)
