"""What a turn costs in the engine, by stage, as a conversation grows: `python -m benchmarks.engine [MODEL]`.

The starter assistant (or an archive) in our engine, and the same archive in Rasa's own Agent with its in-memory store.
CPU milliseconds of the thread that works, the median of 20 turns: what else runs on the machine does not count.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import django

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "engine.json"
SAYINGS = ("hello", "when are you open?", "what do you charge?", "thank you", "where are you?")
AT = (10, 100, 500)
AROUND = 10  # turns before and after
Costs = list[dict[str, float]]


def main(archive: Path | None) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = archive or _trained_starter(Path(folder))
        stages = {name: _measured(name, path) for name in ("ours", "rasa")}
    _print(stages)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(stages, indent=2) + "\n")
    return 0


def _trained_starter(folder: Path) -> Path:
    from assistant.engine.rasa_adapter.processes.parent import train
    from training.bundles.starter import starter_bundle

    return train(starter_bundle(ROOT), folder, "starter").path


def _measured(name: str, archive: Path) -> dict[str, dict[str, float]]:
    """In a process of its own: our engine patches Rasa."""
    command = [sys.executable, "-m", "benchmarks.engine", name, str(archive)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _print(stages: dict[str, dict[str, dict[str, float]]]) -> None:
    print(f"{'CPU ms per turn':20}" + "".join(f"{f'at {at}':>10}" for at in AT))
    for name, by_stage in stages.items():
        for stage, costs in by_stage.items():
            print(f"{name + ' ' + stage:20}" + "".join(f"{costs[str(at)]:10.2f}" for at in AT))


# --- In the measured process -----------------------------------------------------------------------


def measure(name: str, archive: Path) -> None:
    costs = asyncio.run({"ours": _ours, "rasa": _rasa}[name](archive))
    stages = {"total": [cost["total"] for cost in costs], "parse": [cost["parse"] for cost in costs]}
    stages["dialogue"] = [total - parse for total, parse in zip(stages["total"], stages["parse"], strict=True)]
    print(json.dumps({stage: {str(at): _around(values, at) for at in AT} for stage, values in stages.items()}))


def _around(values: list[float], at: int) -> float:
    return round(median(values[max(0, at - AROUND) : at + AROUND]), 3)


async def _ours(archive: Path) -> Costs:
    from assistant.engine import Turn, Window, archives
    from assistant.engine.rasa_adapter.engine import RasaEngine, _tracker  # isort: skip
    from assistant.engine.rasa_adapter.dialogue.actions import RunningTurn, running_turn
    from assistant.engine.rasa_adapter.threads import ActionThreads
    from assistant.engine.types import Model

    sha256 = archives.sha256_of(archive)
    model = Model("bench", archive, sha256, archives.sign(sha256))
    running_turn.set(RunningTurn(ActionThreads("bench")))
    with RasaEngine()._models.use(model, 120) as loaded:
        tracker = _tracker(loaded, Turn("bench", ""), Window(None, ()))

        async def say(text: str) -> object:
            return await loaded.processor.respond(Turn("bench", text, "bench:1"), tracker)

        return await _costs(say, loaded.processor)


async def _rasa(archive: Path) -> Costs:
    from assistant.engine.rasa_adapter import import_rasa  # isort: skip
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    from assistant.engine.rasa_adapter.dialogue.actions import InProcessActions, RunningTurn, running_turn
    from assistant.engine.rasa_adapter.threads import ActionThreads

    import_rasa.silence_structured_logs()
    running_turn.set(RunningTurn(ActionThreads("bench")))
    agent = Agent.load(archive, action_endpoint=InProcessActions())

    async def say(text: str) -> object:
        return await agent.handle_message(UserMessage(text, sender_id="bench"))

    return await _costs(say, agent.processor)


async def _costs(say: Callable[[str], Awaitable[object]], processor: Any) -> Costs:
    costs: Costs = []
    parse, parsing = processor.parse_message, [0.0]

    async def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.thread_time()
        parsed = await parse(*args, **kwargs)
        parsing[0] = time.thread_time() - started
        return parsed

    processor.parse_message = timed
    for i in range(max(AT) + AROUND):
        started = time.thread_time()
        await say(SAYINGS[i % len(SAYINGS)])
        costs.append({"total": 1000 * (time.thread_time() - started), "parse": 1000 * parsing[0]})
    return costs


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")
    django.setup()
    if len(sys.argv) == 3:
        measure(sys.argv[1], Path(sys.argv[2]))
        sys.exit(0)
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else None))
