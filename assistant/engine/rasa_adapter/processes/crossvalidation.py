"""Cross-validation, in a child process. Nothing here imports Rasa."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from assistant.engine.bundles import write_bundle
from assistant.engine.rasa_adapter.processes import child_process
from assistant.engine.rasa_adapter.processes.parent import CHECKER, environment
from assistant.engine.types import LIMITS, Bundle, Guess, Labelled, Limits, OnProgress

CROSSVALIDATOR = "assistant.engine.rasa_adapter.processes.cross_validate"


def cross_validate(
    bundle: Bundle, folds: int, seed: int, on_progress: OnProgress | None = None, limits: Limits = LIMITS
) -> Sequence[Guess]:
    """Raises TrainingFailed, and whatever `on_progress` raises."""
    with child_process.working_folder("evaluation") as folder:
        write_bundle(bundle, folder / "project")
        arguments = [str(folder / "project"), str(folder / "guesses.json"), str(folds), str(seed)]
        # Without Duckling: it learns nothing, and a child has no network to ask it.
        surroundings = environment(folder, duckling=False)
        child = child_process.ChildProcess(
            [CHECKER, CROSSVALIDATOR], arguments, folder, folder / "project", surroundings, subject="The evaluation"
        )
        child_process.run(child, on_progress, limits)
        return _guesses(folder / "guesses.json")


def _guesses(path: Path) -> list[Guess]:
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [Guess(Labelled(row["text"], row["intent"], row["entities"]), **row["guess"]) for row in rows]
