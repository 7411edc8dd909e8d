"""From Train to live: how long it takes, what visitors feel of it, and a model put live under load.

    python -m benchmarks.training [--quick] [--modes embedded distributed] [--engine fake]

Needs PostgreSQL (DATABASE_URL, or 127.0.0.1:5432) and redis-server. Writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from itertools import cycle
from pathlib import Path

from benchmarks.load_clients import RestVisitor
from benchmarks.load_messages import Script
from benchmarks.load_models import Workshop
from benchmarks.load_shapes import Heard, Shape, Steady, Thinking
from benchmarks.load_stands import Frontdesk
from benchmarks.training_staff import Staff
from tests.running import FAKE, REAL, until

RESULTS = Path(__file__).parent / "results" / "training.json"
GENTLE = (100, 5.0)  # visitors, seconds that each thinks: some 20 messages a second
BUSY = {"distributed": 100, "embedded": 40}  # messages a second; one process does not do a hundred
REPLAYED = 200  # conversations
NEWEST = "SELECT max(id) FROM conversations_message WHERE role = 'user' AND model_version_id = {version}"
# What came and was answered while a version was live, but by another one. The moments are this machine's, in UTC.
STRANGE = """
SELECT count(*) FROM conversations_message said JOIN conversations_message answer
ON answer.conversation_id = said.conversation_id AND answer.turn = said.turn AND answer.role <> 'user'
WHERE said.role = 'user' AND said.created > '{since}' AND answer.created < '{until}'
AND said.model_version_id <> {version}
"""


@dataclass(frozen=True)
class Row:
    """Times of messages in milliseconds, all others in seconds."""

    mode: str
    what: str
    messages: int = 0
    per_second: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    slowest: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)


def main() -> None:
    options = _options()
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    rows = []
    with tempfile.TemporaryDirectory(prefix="training-bench-") as folder:
        workshop = Workshop(Path(folder) / "workshop", _engine(options), "starter")
        for mode in options.modes:
            stand = Frontdesk(Path(folder) / mode, mode, engine=_engine(options))
            try:
                stand.up(workshop)
                for row in _measure(stand, options):
                    print(_line(row), flush=True)
                    rows.append(row)
                    options.out.write_text(json.dumps(_report(rows), indent=1) + "\n")
                    assert not row.errors, f"not as promised: {row}"
                    assert not row.numbers.get("by another version"), f"not as promised: {row}"
            finally:
                stand.down()


def _measure(stand: Frontdesk, options: argparse.Namespace) -> Iterator[Row]:
    staff = _staff(stand)
    seconds = 8.0 if options.quick else 30.0
    yield _heard(stand, "chat at rest", asyncio.run(_talk(stand, Thinking(*GENTLE, seconds))))
    yield asyncio.run(_while_training(stand, staff, seconds))
    yield _to_live(stand, staff)
    yield asyncio.run(_live_under_load(stand, staff, seconds))
    yield _replayed(stand, staff)


def _staff(stand: Frontdesk) -> Staff:
    stand.manage("prepare")  # the first member of staff
    staff = Staff(stand.url)
    staff.log_in()
    return staff


async def _while_training(stand: Frontdesk, staff: Staff, seconds: float) -> Row:
    """Trainings one after the other for as long as visitors talk."""
    trained: list[float] = []

    def train_on(end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            staff.wait_for(staff.train())
            trained.append(time.monotonic() - began)

    trains = asyncio.create_task(asyncio.to_thread(train_on, time.monotonic() + seconds))
    heard = await _talk(stand, Thinking(*GENTLE, seconds))
    await trains
    return _heard(stand, "chat while it trains", heard, trainings=len(trained), longest=max(trained))


def _to_live(stand: Frontdesk, staff: Staff) -> Row:
    """Pressing Train, waiting, pressing Activate, and the first answer of the new version."""
    began = time.monotonic()
    version = staff.wait_for(staff.train())
    trained = time.monotonic()
    staff.activate(version)
    activated = time.monotonic()
    answered = until(lambda: _answers(stand, version), 60, "an answer of the new version")
    numbers = {
        "train": trained - began,
        "activate": activated - trained,
        "first answer": answered - activated,
        "all": answered - began,
    }
    return Row(stand.mode, "from Train to live", numbers=numbers)


def _answers(stand: Frontdesk, version: int) -> float | None:
    """When somebody was answered by this version."""
    status, _ = stand.post(f"first-{version}", "hello")
    now = time.monotonic()
    return now if status == 200 and stand.read(NEWEST.format(version=version))[0][0] else None


async def _live_under_load(stand: Frontdesk, staff: Staff, seconds: float) -> Row:
    """A version is put live in the middle, and taken back. Each message is answered by a version that was live between
    its coming and its answer, however many are under way."""
    old = stand.read("SELECT active_version_id FROM training_environment WHERE name = 'production'")[0][0]
    new = await asyncio.to_thread(lambda: staff.wait_for(staff.train()))
    began = _moment()
    switching = asyncio.create_task(_there_and_back(staff, new, seconds / 3))
    heard = await _talk(stand, Steady(BUSY[stand.mode], seconds))
    there, back = await switching
    stays = [(began, there.began, old), (there.ended, back.began, new), (back.ended, _moment(), old)]
    strange = [stand.read(STRANGE.format(since=since, until=until, version=live))[0][0] for since, until, live in stays]
    numbers = {"activate": there.seconds, "roll back": back.seconds, "by another version": sum(strange)}
    return _heard(stand, "there and back under load", heard, **numbers)


def _replayed(stand: Frontdesk, staff: Staff) -> Row:
    """What visitors said in this run, said again to the two newest versions."""
    newest = "SELECT id FROM training_modelversion WHERE status = 'ready' ORDER BY id DESC LIMIT 2"
    (right,), (left,) = stand.read(newest)
    began = time.monotonic()
    staff.replay(left, right, REPLAYED)
    seconds = time.monotonic() - began
    ((turns, differ),) = stand.read("SELECT turn_count, differing_count FROM conversations_replay")
    return Row(stand.mode, "replay", numbers={"turns": turns, "differ": differ, "a second": turns / seconds})


@dataclass(frozen=True)
class Switch:
    """Until `began` one version was live, from `ended` on another."""

    began: str
    ended: str
    seconds: float


async def _there_and_back(staff: Staff, version: int, pause: float) -> tuple[Switch, Switch]:
    await asyncio.sleep(pause)
    there = await asyncio.to_thread(_switch, lambda: staff.activate(version))
    await asyncio.sleep(pause)
    return there, await asyncio.to_thread(_switch, staff.roll_back)


def _switch(act: Callable[[], None]) -> Switch:
    began, clock = _moment(), time.monotonic()
    act()
    return Switch(began, _moment(), time.monotonic() - clock)


def _moment() -> str:
    """As both databases write it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f+00:00")


async def _talk(stand: Frontdesk, shape: Shape) -> Heard:
    ports = cycle(stand.ports)
    heard = await shape.run(lambda: RestVisitor(next(ports)), Script(shape.at_once))
    stand.check()
    return heard


def _heard(stand: Frontdesk, what: str, heard: Heard, **numbers: float) -> Row:
    return Row(
        mode=stand.mode,
        what=what,
        messages=len(heard.waits),
        per_second=round(len(heard.waits) / heard.seconds, 1),
        p50=round(heard.percentile(0.5), 1),
        p95=round(heard.percentile(0.95), 1),
        slowest=round(heard.percentile(1.0), 1),
        errors=dict(heard.errors),
        numbers={name: round(value, 3) for name, value in numbers.items()},
    )


def _line(row: Row) -> str:
    waits = f"p50 {row.p50:6.1f} p95 {row.p95:7.1f} ms, slowest {row.slowest:7.1f}"
    chat = f"{row.messages:6} messages, {row.per_second:6.1f}/s, {waits}"
    more = ", ".join(f"{name} {value:.2f}" for name, value in row.numbers.items())
    wrong = f"  ERRORS {row.errors}" if row.errors else ""
    return f"{row.mode:12} {row.what:22} {chat if row.messages else '':72} {more}{wrong}"


def _engine(options: argparse.Namespace) -> str:
    return FAKE if options.engine == "fake" else REAL


def _report(rows: list[Row]) -> dict[str, object]:
    return {
        "when": time.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "rows": [asdict(row) for row in rows],
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute")
    parser.add_argument("--modes", nargs="*", default=["embedded", "distributed"])
    parser.add_argument("--engine", choices=["rasa", "fake"], default="rasa", help="fake: the house without Rasa")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
