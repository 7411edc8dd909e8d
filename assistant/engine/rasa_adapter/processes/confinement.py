"""What a child process does first: shut itself in, and bind its life to its parent's. Nothing here imports Rasa."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

from assistant.engine import sandbox
from assistant.lib.processes import lower_priority

PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.5


def bind(parent: int, workplace: str, readable: str, network: bool) -> None:
    """Shut this process in (see `sandbox`), and end it and what it started as soon as the process `parent` has ended,
    however it did."""
    lower_priority()
    sandbox.enter(Path(workplace), [readable], network=network)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), name="leash", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os.killpg(0, signal.SIGKILL)  # it leads a group of its own
