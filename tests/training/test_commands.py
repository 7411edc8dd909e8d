"""`manage.py ask` and `manage.py parse`, and what an imported project answers."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from assistant.engine import History, Turn, Window, get_engine
from training.models import Bot, ModelVersion
from training.selectors import answering_version

PIZZERIA = Path(__file__).parent / "pizzeria"
DIALOGUE = [
    "hello",
    "hi there",
    "one large pizza to go",
    "tell me a joke",
    "Ana",
    "i want a pizza",
    "make it a huge one",
    "Bea",
    "/greet",
    '/order{"size": "small"}',
    "see you later",
    "good night",
    "xyzzy",
]

pytestmark = pytest.mark.django_db


def asked(text: str, *options: str) -> str:
    out = io.StringIO()
    call_command("ask", text, *options, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def parsed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> list[dict[str, Any]]:
    """What `parse` makes of its standard input."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    call_command("parse", stdout=out)
    return [json.loads(line) for line in out.getvalue().split("\n")[:-1]]


def test_it_answers_with_one_json_object(live_model: ModelVersion) -> None:
    answer = json.loads(asked("/buttons", "--json"))
    assert answer == {
        "replies": [
            {
                "text": "Choose",
                "buttons": [{"title": "Yes", "payload": "/yes"}, {"title": "No", "payload": "/no"}],
                "citations": [],
            }
        ],
        "intent": {"name": "command", "confidence": 0.9},
        "entities": [],
        "bot": "main",
        "model": live_model.name,
    }


def test_it_answers_people_in_words(live_model: ModelVersion) -> None:
    assert asked("/buttons") == "Choose\n  [Yes] /yes\n  [No] /no\n"
    assert asked("¿qué?") == "You said: ¿qué?\n"


def test_it_asks_the_live_version_rather_than_the_newest(live_model: ModelVersion) -> None:
    ModelVersion.objects.create(bot=live_model.bot, name="main-newer", status=ModelVersion.Status.READY)
    assert json.loads(asked("hello", "--json"))["model"] == live_model.name


def test_it_asks_the_newest_trained_version_where_none_is_live() -> None:
    bot = Bot.objects.create(name="faq")
    for name, status in [("old", "ready"), ("new", "ready"), ("broken", "failed")]:
        ModelVersion.objects.create(bot=bot, name=name, status=status)
    assert json.loads(asked("hello", "--bot", "faq", "--json"))["model"] == "new"


@pytest.mark.parametrize("command", [["ask", "hello"], ["parse"]])
def test_it_says_when_there_is_nothing_to_ask(command: list[str]) -> None:
    Bot.objects.create(name="untrained")
    with pytest.raises(CommandError, match="no trained version: run train_model --bot untrained"):
        call_command(*command, "--bot", "untrained")
    with pytest.raises(CommandError, match="There is no bot nobody"):
        call_command(*command, "--bot", "nobody")


@pytest.mark.parametrize("text", ["", " \n", "x" * 4_001])
def test_it_refuses_what_no_channel_would_take(live_model: ModelVersion, text: str) -> None:
    with pytest.raises(CommandError, match="1 to 4000 characters"):
        asked(text)


def test_it_parses_one_text_a_line(live_model: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = parsed(monkeypatch, "/greet\r\nça va ?\n".encode())
    assert first["intent"] == {"name": "command", "confidence": 0.9}
    assert second == {
        "text": "ça va ?",
        "intent": {"name": "echo", "confidence": 0.9},
        "intent_ranking": [{"name": "echo", "confidence": 0.9}, {"name": "nlu_fallback", "confidence": 0.1}],
        "entities": [],
    }


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (b"", []),
        (b"a\n\nb", ["a", "", "b"]),
        ("\ufeffa\u2028b\n".encode(), ["a\u2028b"]),
        (b"caf\xe9\n", ["caf\ufffd"]),
    ],
    ids=["nothing", "empty lines", "odd characters", "not UTF-8"],
)
def test_it_keeps_every_line(
    live_model: ModelVersion, monkeypatch: pytest.MonkeyPatch, given: bytes, texts: list[str]
) -> None:
    assert [line["text"] for line in parsed(monkeypatch, given)] == texts


def test_it_parses_a_file(live_model: ModelVersion, tmp_path: Path) -> None:
    out = io.StringIO()
    (tmp_path / "texts").write_text("/bye\n")
    call_command("parse", str(tmp_path / "texts"), stdout=out)
    assert json.loads(out.getvalue())["intent"]["name"] == "command"
    with pytest.raises(CommandError, match="No such file"):
        call_command("parse", str(tmp_path / "missing"))


def test_it_stops_when_nobody_reads_on(live_model: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello\n" * 10)))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        call_command("parse", stdout=out)
    assert out.closed


@pytest.fixture
def rasa(settings: LazySettings) -> Iterator[None]:
    settings.ASSISTANT_ENGINE = "assistant.engine.rasa_adapter.engine.RasaEngine"
    get_engine.cache_clear()
    yield
    get_engine.cache_clear()


@pytest.mark.rasa
def test_it_gives_the_answers_of_rasa_itself(rasa: None, capfd: pytest.CaptureFixture[str]) -> None:
    call_command("import_rasa_project", str(PIZZERIA), bot="pizzeria", train=True, stdout=io.StringIO())
    version = answering_version("pizzeria")
    assert version
    assert json.loads(asked("hello", "--bot", "pizzeria", "--json"))["replies"] == [
        {
            "text": "Welcome to the pizzeria.",
            "buttons": [{"title": "Order a pizza", "payload": "/order"}],
            "citations": [],
        }
    ]
    ours = _said_by_us(version)
    assert ours == _said_by_rasa(version.path)
    assert ["A large pizza for Ana is on its way."] in ours
    assert json.loads(asked("where is my pizza", "--bot", "pizzeria", "--json"))["replies"][0]["text"] == "Pardon?"
    assert capfd.readouterr().out == ""


def _said_by_us(version: ModelVersion) -> list[list[str]]:
    """A whole conversation; each turn gets all that happened before it."""
    events: list[dict[str, Any]] = []
    said = []
    for text in DIALOGUE:
        turn = Turn("ana", text, history=_history(events))
        reply = get_engine().respond(version.for_engine(), turn, 30)
        events = [*events, *reply.events]
        said.append([message.text for message in reply.messages])
    return said


def _history(events: list[dict[str, Any]]) -> History:
    return History(len(events), lambda: Window(None, events))


def _said_by_rasa(archive: Path) -> list[list[str]]:
    from rasa.core.agent import Agent

    async def talk() -> list[list[str]]:
        agent = Agent.load(str(archive))
        answers = [await agent.handle_text(text, sender_id="ana") for text in DIALOGUE]
        return [[message["text"] for message in answer] for answer in answers]

    return asyncio.run(talk())
