"""Is a foreign archive a model that runs here? What it names is checked first; only then a child process loads it.
Nothing here imports Rasa."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from assistant.engine import archives
from assistant.engine.errors import ModelRefused
from assistant.engine.rasa_adapter.processes import child_process
from assistant.engine.rasa_adapter.processes.parent import environment
from assistant.engine.types import LIMITS, Archive, Limits

INSPECTOR = "assistant.engine.rasa_adapter.processes.inspect_archive"
SECONDS = 300.0


def inspect(path: Path, limits: Limits = LIMITS) -> Archive:
    """Raises ModelRefused. `Archive.seconds` and `memory` are those of the check."""
    started = perf_counter()
    with child_process.working_folder("check") as folder:
        copied = Path(shutil.copyfile(path, folder / "model.tar.gz"))  # nobody changes it between check and load
        sha256, _ = archives.sha256_of(copied), archives.inspect(copied)
        child = child_process.ChildProcess(
            [INSPECTOR],
            [str(copied)],
            folder,
            folder,
            environment(folder),
            subject="The check of the model",
            failure=ModelRefused,
        )
        result, memory = child_process.run(child, None, replace(limits, seconds=min(limits.seconds, SECONDS)))
        size = copied.stat().st_size
    return Archive(path, sha256, size, perf_counter() - started, result["history_turns"], memory)
