"""A child process that is no trainer, in the trainer's place: it does what `data/orders.json` of its project says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(project: Path, output: Path, name: str) -> None:
    orders = json.loads((project / "data" / "orders.json").read_text())
    for order, argument in orders.items():
        globals()[f"order_{order}"](argument)
    output.mkdir()
    (output / name).write_bytes(b"an archive")
    _say(result={"history_turns": 1})


def order_say(message: dict[str, object]) -> None:
    _say(**message)


def order_write(lines: list[str]) -> None:
    for line in lines:
        sys.stderr.write(line.replace("HERE", os.getcwd()) + "\n")
    sys.stderr.flush()


def order_take(megabytes: int) -> None:
    taken = bytearray(os.urandom(1024)) * 1024 * megabytes
    time.sleep(30)
    assert taken


def order_tell_pids(path: str) -> None:
    """With that of a child of its own."""
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(path).write_text(f"{os.getpid()} {sleeper.pid}")


def order_sleep(seconds: float) -> None:
    time.sleep(seconds)


def order_die(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number or signal.SIGKILL)


def _say(**message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
