"""`python -m benchmarks [NAME ...]`: the benches named, or all, one after the other, each with its table."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCHES = ["engine", "nlu", "load", "training", "rasa_projects", "desk"]


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"There is no bench {', '.join(unknown)}. There are: {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    return max([_run(name) for name in names or BENCHES])


def _run(name: str) -> int:
    """In a process of its own, so that no bench carries another's imports and memory."""
    print(f"== {name}", flush=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent)
    print(f"== {name}: {time.monotonic() - began:.0f} s\n", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
