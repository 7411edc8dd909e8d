"""Steps of a start, each with its time, that end quietly when told to."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class StepFailed(Exception):
    """Its text is the output of the command that failed."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """`Installing packages ... 12.3 s`"""
    print(f"{name} ... ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("stopped", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def run(command: list[str], env: Mapping[str, str] | None = None) -> None:
    """Silent, unless it fails. Raises StepFailed."""
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise StepFailed((done.stdout + done.stderr).strip())


@contextmanager
def tidy_exit() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what runs, without a stack trace; so does a step that failed."""
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
