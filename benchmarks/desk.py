"""The staff's pages with 10,000 and with 1,000,000 messages behind them, on SQLite and on PostgreSQL.

    python -m benchmarks.desk [--only sqlite|postgresql] [--messages N ...] [--rounds N]

How long the list, each of its filters, each kind of search, the transcript and the dashboard take; what the indexes
cost when a turn is written; and how many turns a second a replay says again. Needs PostgreSQL (DATABASE_URL, or
127.0.0.1:5432). Writes benchmarks/results/desk.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load_stands import drop_database, make_database

RESULTS = Path(__file__).parent / "results" / "desk.json"
DATABASES = ("sqlite", "postgresql")
MESSAGES = (10_000, 1_000_000)
Measures = dict[str, Any]


def main() -> None:
    options = _options()
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    found: dict[str, list[Measures]] = {}
    for database in [options.only] if options.only else DATABASES:
        found[database] = [_measured(database, messages, options.rounds) for messages in options.messages]
        print("\n".join(_table(database, found[database])), flush=True)
        options.out.write_text(json.dumps(_report(found, options), indent=1) + "\n")


def _measured(database: str, messages: int, rounds: int) -> Measures:
    """In a process of its own, on a database of its own that goes away."""
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        name = f"bench_desk_{os.getpid()}"
        if database == "postgresql":
            make_database(name)
            url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        else:
            url = f"sqlite:///{folder}/desk.sqlite3"
        try:
            where = {"DATABASE_URL": url, "VAR_DIR": folder, "ROUNDS": str(rounds)}
            return {"messages": messages, **_run(messages, where)}
        finally:
            if database == "postgresql":
                drop_database(name)


def _run(messages: int, environment: dict[str, str]) -> Measures:
    command = [sys.executable, "-m", "benchmarks.desk_measures", str(messages)]
    kept = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "BROKER_URL"}}
    done = subprocess.run(command, env={**kept, **environment}, stdout=subprocess.PIPE, check=True, text=True)
    measures: Measures = json.loads(done.stdout.strip().splitlines()[-1])
    return measures


def _table(database: str, columns: list[Measures]) -> list[str]:
    """Milliseconds by page, p50 and p95 at each size, and how much longer the last takes than the first."""
    sizes = "".join(f"{column['messages']:>12,} p95  " for column in columns)
    lines = [f"{database:<34}{sizes}   ratio of p95"]
    for pages in zip(*(column["pages"] for column in columns), strict=True):
        times = "".join(f"{page['p50']:>12.1f} {page['p95']:>6.1f}" for page in pages)
        lines.append(f"{pages[0]['name']:<34}{times}   {pages[-1]['p95'] / pages[0]['p95']:.2f}")
    for column in columns:
        writes = f"a turn takes {column['turn']} ms, a replay says {column['replayed_per_second']} turns a second"
        lines.append(f"{column['messages']:,} messages: {writes}")
    return lines


def _report(found: dict[str, list[Measures]], options: argparse.Namespace) -> Measures:
    return {
        "when": time.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "rounds": options.rounds,
        "databases": found,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=DATABASES)
    parser.add_argument("--messages", type=int, nargs="+", default=list(MESSAGES))
    parser.add_argument("--rounds", type=int, default=21, help="how often each page is opened")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
