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
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path

from benchmarks.load_clients import RestVisitor
from benchmarks.load_messages import Script
from benchmarks.load_models import Workshop
from benchmarks.load_shapes import Heard, Shape, Thinking
from benchmarks.load_stands import Frontdesk
from benchmarks.training_staff import Staff
from tests.running import FAKE, REAL, until

RESULTS = Path(__file__).parent / "results" / "training.json"
GENTLE = (100, 5.0)  # visitors, seconds that each thinks: some 20 messages a second
BUSY = (100, 1.0)  # some 100 messages a second
NEWEST = "SELECT max(id) FROM conversations_message WHERE role = 'user' AND model_version_id = {version}"
ANSWERED = "SELECT count(*) FROM conversations_message WHERE role = 'user' AND model_version_id = {version}"
OUT_OF_ORDER = """
SELECT count(*) FROM conversations_message a JOIN conversations_message b
ON a.conversation_id = b.conversation_id AND a.turn + 1 = b.turn AND a.role = 'user' AND b.role = 'user'
WHERE a.model_version_id > b.model_version_id
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
            finally:
                stand.down()


def _measure(stand: Frontdesk, options: argparse.Namespace) -> Iterator[Row]:
    staff = _staff(stand)
    seconds = 8.0 if options.quick else 30.0
    yield _heard(stand, "chat at rest", asyncio.run(_talk(stand, Thinking(*GENTLE, seconds))))
    yield asyncio.run(_while_training(stand, staff, seconds))
    yield _to_live(stand, staff)
    yield asyncio.run(_live_under_load(stand, staff, seconds))


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
    """A version is activated in the middle. Nobody is answered by the old one after the new one answered them."""
    version = await asyncio.to_thread(lambda: staff.wait_for(staff.train()))

    async def switch() -> float:
        await asyncio.sleep(seconds / 2)
        began = time.monotonic()
        await asyncio.to_thread(staff.activate, version)
        return time.monotonic() - began

    switching = asyncio.create_task(switch())
    heard = await _talk(stand, Thinking(*BUSY, seconds))
    disorder = stand.read(OUT_OF_ORDER)[0][0]
    answered = stand.read(ANSWERED.format(version=version))[0][0]
    numbers = {"activate": await switching, "answered by the new": answered, "back to the old": disorder}
    return _heard(stand, "activated under load", heard, **numbers)


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
