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
LOOK_EVERY = 0.5  # seconds


def confine(parent: int, writable_folder: str, readable: str, network: bool) -> None:
    """Shut this process in (see `sandbox`), and end it and what it started as soon as the process `parent` has ended,
    however it did."""

    def end_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY)
        os.killpg(0, signal.SIGKILL)  # it leads a group of its own

    lower_priority()
    sandbox.enter(Path(writable_folder), [readable], network=network)
    if sys.platform == "linux":
        # At once, but only this process: what it has started ends by the thread.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=end_with_parent, name="end-with-parent", daemon=True).start()
