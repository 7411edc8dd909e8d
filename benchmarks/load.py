"""Frontdesk and `rasa run` under the same load, on one machine, in one run.

    python -m benchmarks.load [--quick] [--only TEXT ...] [--webs N] [--workers N] [--threads N] [--engine fake]

Needs PostgreSQL (DATABASE_URL, or 127.0.0.1:5432) and redis-server. Writes benchmarks/results/load.json.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import cycle
from pathlib import Path

from benchmarks import load_usage as usage
from benchmarks.load_clients import RestVisitor, SocketVisitor, Visitor
from benchmarks.load_messages import Script
from benchmarks.load_models import Workshop
from benchmarks.load_shapes import Closed, Heard, Long, Shape, Thinking
from benchmarks.load_stands import Frontdesk, RasaRun, Stand
from benchmarks.load_table import HEAD, Row, line, summary
from tests.running import FAKE, REAL

RESULTS = Path(__file__).parent / "results" / "load.json"
CHANNELS = {"rest": RestVisitor, "socket": SocketVisitor}
CLOSED = [Closed(1), Closed(10), Closed(100), Closed(300)]
THINKING = Thinking(100, 5.0, 60.0)
SOCKETS = Thinking(1000, 10.0, 60.0)


@dataclass(frozen=True)
class Plan:
    """One stand and the loads it gets, in order."""

    stand: str
    model: str
    loads: list[tuple[str, Shape]]

    def only(self, words: list[str]) -> Plan:
        kept = [(channel, shape) for channel, shape in self.loads if self._wanted(channel, shape, words)]
        return replace(self, loads=kept)

    def _wanted(self, channel: str, shape: Shape, words: list[str]) -> bool:
        name = f"{self.stand}/{self.model}/{channel}/{shape.name}/"
        return not words or any(all(part in name for part in word.split(",")) for word in words)


def full() -> list[Plan]:
    rest = [("rest", shape) for shape in [*CLOSED, THINKING, Long()]]
    sockets = [("socket", shape) for shape in CLOSED]
    shipped = [("rest", Closed(100)), *sockets, ("socket", THINKING), ("socket", SOCKETS)]
    ours = [Plan(mode, "stock", rest + sockets) for mode in ("embedded", "distributed")]
    starter = [Plan(mode, "starter", shipped) for mode in ("embedded", "distributed")]
    return [Plan("rasa-sqlite", "stock", rest), Plan("rasa-postgresql", "stock", rest), *ours, *starter]


def quick() -> list[Plan]:
    few = [Closed(10, at_most=8), Closed(100, at_most=12)]
    rest = [("rest", shape) for shape in few]
    both = [*rest, ("socket", few[1]), ("socket", Thinking(100, 5.0, 15.0))]
    return [Plan("rasa-sqlite", "stock", rest), Plan("embedded", "stock", both), Plan("distributed", "stock", both)]


def main() -> None:
    options = _options()
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    plans = [plan.only(options.only) for plan in (quick() if options.quick else full())]
    rows = []
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        print(HEAD, flush=True)
        for row in _measure([plan for plan in plans if plan.loads], options, Path(folder)):
            print(line(row), flush=True)
            rows.append(row)
            options.out.write_text(json.dumps(_report(rows, options), indent=1) + "\n")
    print("\n".join(summary(rows)))


def _measure(plans: list[Plan], options: argparse.Namespace, folder: Path) -> Iterator[Row]:
    workshops: dict[str, Workshop] = {}
    for number, plan in enumerate(plans):
        if plan.model not in workshops:
            workshops[plan.model] = Workshop(folder / plan.model, _engine(options), plan.model)
        stand = _stand(plan, options, folder / f"stand{number}")
        try:
            stand.up(workshops[plan.model])
            for channel, shape in plan.loads:
                yield asyncio.run(_row(plan, stand, channel, shape))
        except AssertionError as error:  # the others are still worth measuring
            print(f"{plan.stand} {plan.model}: {error}\n{stand.logs()[-4000:]}", file=sys.stderr)
        finally:
            stand.down()


async def _row(plan: Plan, stand: Stand, channel: str, shape: Shape) -> Row:
    ports = cycle(stand.ports)

    def opened() -> Visitor:
        return CHANNELS[channel](next(ports))

    gc.collect()
    before = usage.read(stand.pids())
    heard: Heard = await shape.run(opened, Script(shape.at_once))
    after = usage.read(stand.pids())
    stand.check()
    rss, pss = usage.memory(stand.pids())
    messages = max(1, len(heard.waits))
    return Row(
        stand=plan.stand,
        model=plan.model,
        channel=channel,
        shape=shape.name,
        messages=len(heard.waits),
        seconds=round(heard.seconds, 2),
        per_second=round(len(heard.waits) / heard.seconds, 1),
        p50=round(heard.percentile(0.5), 1),
        p95=round(heard.percentile(0.95), 1),
        p99=round(heard.percentile(0.99), 1),
        errors=dict(heard.errors),
        rss_mb=rss,
        pss_mb=pss,
        cpu_ms={role: round(spent * 1000 / messages, 2) for role, spent in after.since(before).items()},
        strangers=round(after.strangers(before), 3),
        numbers={name: round(value, 2) for name, value in heard.numbers.items()},
    )


def _stand(plan: Plan, options: argparse.Namespace, folder: Path) -> Stand:
    if plan.stand.startswith("rasa-"):
        return RasaRun(folder, plan.stand.removeprefix("rasa-"))
    return Frontdesk(
        folder,
        plan.stand,
        engine=_engine(options),
        workers=options.workers,
        webs=options.webs,
        threads=options.threads,
    )


def _engine(options: argparse.Namespace) -> str:
    return FAKE if options.engine == "fake" else REAL


def _report(rows: list[Row], options: argparse.Namespace) -> dict[str, object]:
    return {
        "when": time.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "options": {
            "quick": options.quick,
            "webs": options.webs,
            "workers": options.workers,
            "threads": options.threads,
        },
        "rows": [asdict(row) for row in rows],
        "summary": summary(rows),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few minutes")
    parser.add_argument("--only", nargs="*", default=[], metavar="TEXT", help="as in distributed,rest,100/")
    parser.add_argument("--webs", type=int, default=1, help="web processes of the distributed form")
    parser.add_argument("--workers", type=int, default=2, help="chat processes of the distributed form")
    parser.add_argument("--threads", type=int, default=8, help="of each chat process")
    parser.add_argument("--engine", choices=["rasa", "fake"], default="rasa", help="fake: the house without Rasa")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
