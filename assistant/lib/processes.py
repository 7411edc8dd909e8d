"""Which processes have the processor first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NICENESS = 10


def lower_priority() -> None:
    """Let those who answer visitors go first. Where Linux groups processes by session, it is the group's niceness that
    counts against theirs (sched(7), autogroup): a process that leads a session of its own sets that, too."""
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))
