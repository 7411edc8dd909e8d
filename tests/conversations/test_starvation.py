"""One address takes all that it can get, and the others notice nothing. On one started server."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import count

import pytest

from tests.conversations.test_websocket import Tab
from tests.running import ROOT, Running

pytestmark = pytest.mark.processes
SECONDS = 3.0
numbers = count()
KINDS = ["fetch", "hello", "pings", "slow_headers", "slow_bodies", "big_bodies", "pages"]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    from tests.settings import MODE

    running = Running(tmp_path_factory.mktemp("attacked"), MODE, workers=1, extra={"RATE_LIMIT_PUBLIC": "100/m"})
    running.start().post_until_answered("first", "hello")
    yield running
    running.stop()


async def answers(running: Running, seconds: float) -> list[float]:
    """How long a visitor waited for each answer, in seconds. Each message comes with a socket of its own."""
    waits, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        async with Tab(running, address=f"127.0.{next(numbers) % 200 + 1}.{next(numbers) % 199 + 1}") as tab:
            await tab.hello()
            opened = time.monotonic()
            await tab.ask(f"ahoy {uuid.uuid4().hex}")
            waits.append(max(opened - began, time.monotonic() - opened))
        await asyncio.sleep(0.05)
    return waits


@pytest.mark.parametrize("kind", KINDS)
async def test_it_answers_others_while_one_address_does(attacked: Running, kind: str) -> None:
    command = [sys.executable, "-m", "tests.attacker", kind, str(attacked.port), str(SECONDS + 0.5)]
    attacker = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    await asyncio.sleep(0.5)
    many = await asyncio.gather(*[answers(attacked, SECONDS) for _ in range(3)])
    said, _ = await attacker.communicate()
    waits = sorted(wait for one in many for wait in one)
    p95 = waits[int(len(waits) * 0.95)]
    print(f"{kind}: {len(waits)} answers, p95 {p95 * 1000:.0f} ms, attacker {said.decode().strip()}")
    assert json.loads(said), "the attack did not take place"
    assert p95 < 0.5
