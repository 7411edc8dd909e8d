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

# In one process, where visitors and attacker share all there is.
pytestmark = [pytest.mark.processes, pytest.mark.clock, pytest.mark.modes("embedded")]
SECONDS = 2.0
numbers = count()
KINDS = ["fetch", "hello", "pings", "silent", "slow_headers", "slow_bodies", "big_bodies", "pages"]


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


async def answers_of_three(running: Running) -> list[float]:
    many = await asyncio.gather(*[answers(running, SECONDS) for _ in range(3)])
    return [wait for one in many for wait in one]


def p95(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.95)]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_answers_others_while_one_address_does(attacked: Running, kind: str) -> None:
    """The best of three: a machine that is busy with something else is no fault of ours. Each attack comes from an
    address of its own: what one was refused, the next is not."""
    seen = []
    for attempt in range(3):
        seen.append(p95(await waits_during(attacked, kind, f"127.0.0.{2 + KINDS.index(kind) * 3 + attempt}")))
        if seen[-1] < 0.5:
            return
    raise AssertionError(f"p95 of the others in seconds: {seen}")


async def waits_during(running: Running, kind: str, address: str) -> list[float]:
    command = [sys.executable, "-m", "tests.attacker", kind, address, str(running.port), str(SECONDS + 0.5)]
    attacker = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    await asyncio.sleep(0.5)
    waits = await answers_of_three(running)
    said, _ = await attacker.communicate()
    assert json.loads(said), "the attack did not take place"
    print(f"{kind}: {len(waits)} answers, p95 {p95(waits) * 1000:.0f} ms, {said.decode().strip()}")
    return waits
