"""Rasa as it comes: `python -m tests.assistant.stock_rasa MODEL < dialogues.json > answers.json`.

A dialogue is a list of messages; its answer a list of what Rasa's REST channel would have sent for each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
real_output = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np  # noqa: E402
from django.test import override_settings  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.core.tracker_store import InMemoryTrackerStore  # noqa: E402

from assistant.engine.rasa_adapter.dialogue.actions import InProcessActions, RunningTurn, running_turn  # noqa: E402
from assistant.engine.rasa_adapter.threads import ActionThreads  # noqa: E402


async def answers(agent: Agent, number: int, dialogue: list[str]) -> list[list[Any]]:
    return [await answer(agent, f"stock{number}", text, i) for i, text in enumerate(dialogue)]


async def answer(agent: Agent, sender: str, text: str, turn: int) -> list[Any]:
    channel = CollectingOutputChannel()
    message = UserMessage(text, channel, sender, input_channel="rest", metadata={"turn_key": f"key:{turn + 1}"})
    np.random.seed(turn)  # it chooses among a response's variations
    await agent.handle_message(message)
    return [{key: value for key, value in said.items() if key != "recipient_id"} for said in channel.messages]


async def main(path: Path, dialogues: list[list[str]]) -> list[Any]:
    agent = Agent.load(path, action_endpoint=InProcessActions())
    agent.processor.tracker_store = InMemoryTrackerStore(agent.domain)
    running_turn.set(RunningTurn(ActionThreads("stock")))
    return [await answers(agent, number, dialogue) for number, dialogue in enumerate(dialogues)]


if __name__ == "__main__":
    with override_settings(ASSISTANT_SKILLS=["tests.assistant.engine_skill"]):
        json.dump(asyncio.run(main(Path(sys.argv[1]), json.load(sys.stdin))), real_output)
    real_output.flush()
    os._exit(0)
