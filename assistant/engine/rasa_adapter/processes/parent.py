"""Training, in a child process. Nothing here imports Rasa."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from time import perf_counter

from django.conf import settings

from assistant import embeddings
from assistant.engine import archives
from assistant.engine.bundles import write_bundle
from assistant.engine.rasa_adapter.processes import child_process
from assistant.engine.types import LIMITS, Archive, Bundle, Limits, OnProgress

CHECKER = "assistant.engine.rasa_adapter.processes.check_project"
TRAINER = "assistant.engine.rasa_adapter.processes.train_model"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


def train(
    bundle: Bundle, directory: Path, name: str, on_progress: OnProgress | None = None, limits: Limits = LIMITS
) -> Archive:
    """Raises TrainingFailed, and whatever `on_progress` raises."""
    started = perf_counter()
    with child_process.working_folder("training") as folder:
        write_bundle(bundle, folder / "project")
        arguments = [str(folder / "project"), str(folder / "output"), f"{name}.tar.gz"]
        child = child_process.ChildProcess(
            [CHECKER, TRAINER], arguments, folder, folder / "project", environment(folder)
        )
        result, memory = child_process.run(child, on_progress, limits)
        path = _moved(folder / "output" / f"{name}.tar.gz", directory)
    seconds = perf_counter() - started
    return Archive(path, archives.sha256_of(path), path.stat().st_size, seconds, result["history_turns"], memory)


def environment(folder: Path, *, duckling: bool = True) -> dict[str, str]:
    """For a child that works in `folder`, with settings of its own: it needs no secret, so it gets none. It leaves a
    core to those who chat."""
    with suppress(embeddings.WeightsMissing, OSError):  # it says so itself where its pipeline needs them
        embeddings.prepare(Path(settings.EMBEDDINGS_DIR))  # the child may only read there
    kept = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    threads = str(max(1, (os.cpu_count() or 1) // 2))
    ours = {
        "DJANGO_SETTINGS_MODULE": "assistant.settings",
        "SECRET_KEY": secrets.token_hex(32),  # it signs nothing that lasts
        "VAR_DIR": str(folder / "var"),
        "HOME": str(folder),
        "EMBEDDINGS_DIR": str(settings.EMBEDDINGS_DIR),
        "MODEL_UNPACKED_MB": str(settings.MODEL_UNPACKED_MB),
        "OUTSIDE_COMPONENTS": ",".join(settings.OUTSIDE_COMPONENTS),
        "TMPDIR": str(folder / "tmp"),
        "RASA_CACHE_DIRECTORY": str(folder / "cache"),
        "RASA_MAX_CACHE_SIZE": "0",
        **dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads),
    }
    return kept | ours | ({"DUCKLING_URL": settings.DUCKLING_URL} if duckling else {})


def _moved(source: Path, directory: Path) -> Path:
    """At once or not at all, also from another file system."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / source.name
    partial = target.with_suffix(".partial")
    shutil.move(source, partial)
    return partial.replace(target)
