"""A child process that is no trainer, in the trainer's place: it does what `data/orders.json` of its project says."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
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


def order_tell_pids(_: object) -> None:
    """With that of a child of its own."""
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    _say(now=f"{os.getpid()} {sleeper.pid}")


def order_attack(targets: dict[str, object]) -> None:
    """Tells what a bot's foreign code gets at."""
    _say(now=" ".join(name for name in targets if _succeeds(name, targets[name])) or "nothing")


def _succeeds(name: str, target: object) -> bool:
    try:
        ATTACKS[name.partition("-")[0]](target)
    except OSError:
        return False
    return True


def _send(target: list[str | int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"secret", tuple(target))


def _connect_unix(target: str) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.connect(target)


def _reconnect(target: str) -> None:
    with socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0] as unix:
        unix.connect(target)


ATTACKS = {
    "read": lambda path: Path(path).read_bytes(),
    "list": os.listdir,
    "write": lambda path: Path(path).write_text("gotcha"),
    "rename": lambda path: os.rename(path, f"{path}.gone"),
    "link": lambda path: os.link(path, "project-link"),
    "tcp": lambda target: socket.create_connection(target, 2).close(),
    "udp": _send,
    "unix": _connect_unix,
    "reconnect": _reconnect,
    "signal": lambda pid: os.kill(pid, 0),
    "limit": lambda pid: resource.prlimit(pid, resource.RLIMIT_NOFILE),
    "asyncio": lambda _: asyncio.run(asyncio.sleep(0)),
}


def order_sleep(seconds: float) -> None:
    time.sleep(seconds)


def order_die(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number or signal.SIGKILL)


def _say(**message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
