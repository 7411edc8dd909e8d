"""Real Rasa projects: what stands in the way of importing them, how long they train, and whether our answers are
Rasa's own: `python -m benchmarks.rasa_projects [NAME ...]`.

Every dialogue is held twice on the same archive, with our engine and with Rasa's Agent. Custom actions, whose Python
does not come with a project, do nothing on both sides; `python` counts the turns that came to one. Projects are read
from `rasa-projects/` in the folder that FRONTDESK_DATA names. Writes benchmarks/results/rasa_projects.json.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import django
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "rasa_projects.json"
HEAD = (
    f"{'project':24}{'pipeline':>10}{'train s':>9}{'MB':>6}{'dialogues':>11}{'messages':>10}{'equal':>8}{'python':>8}"
)
TIMEOUT = 300.0  # seconds: nobody waits, and the machine may be busy
Said = list[dict[str, Any]]


@dataclass
class Outcome:
    """`in_the_way`: what blocks the project as it stands. `python`: turns that came to a custom action."""

    project: str
    in_the_way: list[str]
    pipeline: str = "own"
    train_seconds: float = 0.0
    megabytes: float = 0.0
    dialogues: int = 0
    messages: int = 0
    equal: int = 0
    python: int = 0
    error: str = ""
    differing: list[tuple[str, Said, Said]] = field(default_factory=list)

    def line(self) -> str:
        numbers = f"{self.train_seconds:9.1f}{self.megabytes:6.1f}{self.dialogues:11}{self.messages:10}"
        return f"{self.project:24}{self.pipeline:>10}{numbers}{self.equal:8}{self.python:8}"


def main(names: list[str]) -> int:
    projects = Path(os.environ.get("FRONTDESK_DATA", ROOT.parent / "shared" / "data")) / "rasa-projects"
    if not projects.is_dir():
        print(f"There is no folder {projects}: set FRONTDESK_DATA.", file=sys.stderr)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    try:
        _set_up(folder)
        wanted = [project for project in sorted(projects.iterdir()) if not names or project.name in names]
        outcomes = [_outcome(project) for project in wanted]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show(outcomes)
    _keep(outcomes)
    return int(any(outcome.equal < outcome.messages for outcome in outcomes))


def _set_up(folder: Path) -> None:
    os.environ.update(DJANGO_SETTINGS_MODULE="assistant.settings", VAR_DIR=str(folder))
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "ASSISTANT_ENGINE"):
        os.environ.pop(name, None)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _outcome(project: Path) -> Outcome:
    from assistant.engine import TrainingFailed
    from training.models import Bot
    from training.services import train_version

    outcome = _imported(project)
    bot = Bot.objects.get(name=project.name)
    try:
        version = train_version(bot=bot)
    except TrainingFailed as error:
        outcome.error = error.message
        return outcome
    outcome.train_seconds, outcome.megabytes = version.train_seconds or 0.0, version.size / 1024**2
    _compare(outcome, dict(bot.files.values_list("path", "text")), version)
    return outcome


def _imported(project: Path) -> Outcome:
    from training.importing import import_project

    _, found = import_project(bot=project.name, folder=project)
    outcome = Outcome(project.name, [f"{r.path}:{r.line} {r.text}" for r in found.notices if r.blocks])
    if outcome.in_the_way:
        import_project(bot=project.name, folder=project, default_pipeline=True)
        outcome.pipeline = "default"
    return outcome


def _compare(outcome: Outcome, files: dict[str, str], version: Any) -> None:
    from benchmarks.rasa_projects_messages import dialogues_of

    dialogues = dialogues_of(files)
    ours = list(_our_answers(version, dialogues, outcome))
    theirs = asyncio.run(_rasas_answers(version.path, dialogues))
    texts = [text for dialogue in dialogues for text in dialogue]
    outcome.dialogues, outcome.messages = len(dialogues), len(texts)
    outcome.differing = [turn for turn in zip(texts, ours, theirs, strict=True) if turn[1] != turn[2]]
    outcome.equal = len(texts) - len(outcome.differing)


def _our_answers(version: Any, dialogues: list[list[str]], outcome: Outcome) -> Iterator[Said]:
    """Every second dialogue is held without the engine's memory of it: each turn starts from the last snapshot."""
    from assistant.engine import History, Turn, Window, get_engine

    called = _silence_actions(version.path)
    get_engine().load(version.for_engine())
    for number, dialogue in enumerate(dialogues):
        window, position = Window(None, ()), 0
        for turn, text in enumerate(dialogue):
            sender = f"{number}" if number % 2 else f"{number}-{turn}"
            history = History(position, lambda window=window: window)
            _choose_alike(number, turn)
            before = len(called)
            reply = get_engine().respond(version.for_engine(), Turn(sender, text, history=history), TIMEOUT)
            window, position = Window(reply.snapshot, ()), position + len(reply.events)
            outcome.python += len(called) > before
            yield [_plain(asdict(message)) for message in reply.messages]


def _silence_actions(archive: Path) -> list[str]:
    """Stands in for all custom actions of the archive's domain. Returns the names of those that were called."""
    from assistant.engine.rasa_adapter.dialogue.actions import custom_actions

    called: list[str] = []

    def silent(*_: Any) -> list[Any]:
        called.append("")
        return []

    custom_actions().update({name: silent for name in _custom_actions(archive)})
    return called


def _custom_actions(archive: Path) -> list[str]:
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    domain = LocalModelStorage.metadata_from_archive(archive).domain
    return [name for name in domain.user_actions if not name.startswith("utter_")]


async def _rasas_answers(archive: Path, dialogues: list[list[str]]) -> list[Said]:
    from rasa.core.agent import Agent
    from rasa.utils.endpoints import EndpointConfig

    class Silent(EndpointConfig):
        async def request(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {"events": [], "responses": []}

    agent, answers = Agent.load(str(archive), action_endpoint=Silent("http://silent")), []
    for number, dialogue in enumerate(dialogues):
        for turn, text in enumerate(dialogue):
            _choose_alike(number, turn)
            said = await agent.handle_text(text, sender_id=str(number))
            answers.append([_plain(message) for message in said or []])
    return answers


def _choose_alike(number: int, turn: int) -> None:
    """Both sides pick the same of several responses."""
    seed = number * 10_000 + turn
    random.seed(seed)
    np.random.seed(seed)


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    parts = {key: message.get(key) for key in ("text", "buttons", "image", "attachment", "custom")}
    return {key: value for key, value in parts.items() if value}


def _show(outcomes: list[Outcome]) -> None:
    print(HEAD)
    for outcome in outcomes:
        print(outcome.line())
        for blocked in outcome.in_the_way:
            print(f"    in the way: {blocked}")
        if outcome.error:
            print(f"    not trained: {outcome.error}")
        for text, ours, theirs in outcome.differing[:3]:
            print(f"    {text!r}\n      ours {ours}\n      Rasa {theirs}")


def _keep(outcomes: list[Outcome]) -> None:
    """Beside what is known of the projects that did not run now. The projects' texts are not ours to keep."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known |= {outcome.project: {k: v for k, v in asdict(outcome).items() if k != "differing"} for outcome in outcomes}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
