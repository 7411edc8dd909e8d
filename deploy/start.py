"""`make run`: install, then hand this process to the environment's Python, which prepares and serves.

`python -m deploy.start HOST PORT`
"""

from __future__ import annotations

import os
import sys

from deploy.environment import PYTHON, ROOT, make_ready
from deploy.steps import tidy_exit


def main() -> None:
    """Ends with the process being the server."""
    host, port = sys.argv[1:]
    os.chdir(ROOT)
    with tidy_exit():
        make_ready()
    os.execv(PYTHON, [str(PYTHON), "-m", "deploy.serve", host, port])


if __name__ == "__main__":
    main()
