"""What the engine has child processes do: train, cross-validate, and check a foreign archive. Nothing here imports
Rasa."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from django.conf import settings

from assistant import embeddings
from assistant.engine import archives
from assistant.engine.bundles import write_bundle
from assistant.engine.errors import ModelRefused
from assistant.engine.rasa_adapter.processes import child_process
from assistant.engine.rasa_adapter.processes.child_process import ChildProcess
from assistant.engine.types import LIMITS, Archive, Bundle, Guess, Labelled, Limits, OnProgress

CHECK_PROJECT = "assistant.engine.rasa_adapter.processes.check_project"
TRAIN = "assistant.engine.rasa_adapter.processes.train_model"
CROSS_VALIDATE = "assistant.engine.rasa_adapter.processes.cross_validate"
INSPECT = "assistant.engine.rasa_adapter.processes.inspect_archive"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
INSPECTION_SECONDS = 300.0


def train(
    bundle: Bundle, directory: Path, name: str, on_progress: OnProgress | None = None, limits: Limits = LIMITS
) -> Archive:
    """Write `directory/name.tar.gz`. Raises TrainingFailed, and whatever `on_progress` raises."""
    started = perf_counter()
    with child_process.working_folder("training") as folder:
        project, output = folder / "project", folder / "output"
        write_bundle(bundle, project)
        arguments = [str(project), str(output), f"{name}.tar.gz"]
        child = ChildProcess([CHECK_PROJECT, TRAIN], arguments, folder, project, child_environment(folder))
        result, memory = child_process.run(child, on_progress, limits)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{name}.tar.gz"
        # First next to its place: it appears there at once or not at all, also from another file system.
        path = Path(shutil.move(output / path.name, path.with_suffix(".partial"))).replace(path)
    seconds = perf_counter() - started
    return Archive(path, archives.sha256_of(path), path.stat().st_size, seconds, result["history_turns"], memory)


def cross_validate(
    bundle: Bundle, folds: int, seed: int, on_progress: OnProgress | None = None, limits: Limits = LIMITS
) -> Sequence[Guess]:
    """Each example guessed once. Raises TrainingFailed, and whatever `on_progress` raises."""
    with child_process.working_folder("evaluation") as folder:
        project, output = folder / "project", folder / "guesses.json"
        write_bundle(bundle, project)
        arguments = [str(project), str(output), str(folds), str(seed)]
        # Without Duckling: it learns nothing, and a child has no network to ask it.
        environment = child_environment(folder, duckling=False)
        child = ChildProcess(
            [CHECK_PROJECT, CROSS_VALIDATE], arguments, folder, project, environment, subject="The evaluation"
        )
        child_process.run(child, on_progress, limits)
        rows = json.loads(output.read_text(encoding="utf-8"))
    return [Guess(Labelled(row["text"], row["intent"], row["entities"]), **row["guess"]) for row in rows]


def inspect(path: Path, limits: Limits = LIMITS) -> Archive:
    """Whether a foreign archive is a model that runs here. Raises ModelRefused.

    What it names is checked first; only then a child process loads it. `Archive.seconds` and `memory` are those of the
    check.
    """
    started = perf_counter()
    with child_process.working_folder("check") as folder:
        copied = Path(shutil.copyfile(path, folder / "model.tar.gz"))  # nobody changes it between check and load
        sha256, size = archives.sha256_of(copied), copied.stat().st_size
        archives.inspect(copied)
        child = ChildProcess(
            [INSPECT],
            [str(copied)],
            folder,
            folder,
            child_environment(folder),
            subject="The check of the model",
            failure=ModelRefused,
        )
        within = replace(limits, seconds=min(limits.seconds, INSPECTION_SECONDS))
        result, memory = child_process.run(child, None, within)
    return Archive(path, sha256, size, perf_counter() - started, result["history_turns"], memory)


def child_environment(folder: Path, *, duckling: bool = True) -> dict[str, str]:
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
