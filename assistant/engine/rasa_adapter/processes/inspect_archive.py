"""The child process that loads a foreign archive, started by `parent` with ARCHIVE.

Its result: `{"history_turns"}`.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.engine.rasa_adapter import import_rasa  # noqa: F401  first: it imports Rasa

# isort: split

from assistant.engine import archives
from assistant.engine.rasa_adapter.dialogue.max_history import max_history_of
from assistant.engine.rasa_adapter.dialogue.processor import TurnProcessor
from assistant.engine.rasa_adapter.loaded_models import try_out
from assistant.engine.rasa_adapter.processes.progress import ProgressReporter, run_child_program


def run(archive: Path, reporter: ProgressReporter) -> None:
    """Load the archive, and parse with it."""
    reporter.send(now="loading the model")
    with TemporaryDirectory() as folder:
        processor = TurnProcessor(archive, Path(folder))
        reporter.send(now="parsing a message")
        asyncio.run(processor.parse("hello"))
        try_out(processor, archives.inspect(archive))
        reporter.send_result(history_turns=max_history_of(processor).turns)


def main(archive: Path) -> int:
    """The exit code."""
    return run_child_program(partial(run, archive), archive.parent, "Loading the model")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
