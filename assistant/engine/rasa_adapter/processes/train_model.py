"""The child process that trains, started by `parent` with PROJECT OUTPUT NAME. Its result: `{"history_turns"}`."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from assistant.engine.rasa_adapter import import_rasa  # noqa: F401  first: it imports Rasa

# isort: split

import rasa.shared.utils.cli
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.training import graph_trainer
from rasa.exceptions import RasaException
from rasa.model_training import train
from rasa.shared.importers.importer import TrainingDataImporter

from assistant.engine.rasa_adapter.dialogue.max_history import max_history_of
from assistant.engine.rasa_adapter.dialogue.processor import TurnProcessor
from assistant.engine.rasa_adapter.processes.progress import ProgressReporter, StepHook, run_child_program

PROBES = 3


def run(project: Path, output: Path, name: str, reporter: ProgressReporter) -> None:
    """Train the project's model and try it out once."""
    reporter.send(now="reading the data")
    config, domain, data = paths_of(project)
    examples = TrainingDataImporter.load_from_config(config, domain, [data]).get_nlu_data().intent_examples
    by_intent = {example.get("intent"): example.get("text") for example in examples if example.get("text")}
    _patch_training(reporter, probes=list(by_intent.values())[:PROBES])
    result = train(domain, config, data, str(output), force_training=True, fixed_model_name=name)
    if not result.model:
        raise RasaException("There is nothing to train on: no examples, stories or rules were found.")
    reporter.send(now="trying the model out")
    with TemporaryDirectory() as folder:
        history_turns = max_history_of(TurnProcessor(Path(result.model), Path(folder))).turns
    reporter.send_result(history_turns=history_turns)


def paths_of(project: Path) -> tuple[str, str, str]:
    """Configuration, domain, data."""
    domain = project / ("domain.yml" if (project / "domain.yml").exists() else "domain")
    return str(project / "config.yml"), str(domain), str(project / "data")


def _patch_training(reporter: ProgressReporter, probes: list[str]) -> None:
    """Rasa reports its steps, raises in place of ending the process, and packs `probes` into the archive: examples of
    different intents, to try a model out with after it is loaded."""
    persist = LocalModelStorage._persist_metadata

    def persist_with_probes(metadata: Any, folder: Path) -> None:
        reporter.send(now="packing the model")
        persist(metadata, folder)
        (folder / "frontdesk.json").write_text(json.dumps({"probes": probes}), encoding="utf-8")

    def refuse(message: str, exit_code: int = 1) -> NoReturn:
        raise RasaException(message)

    LocalModelStorage._persist_metadata = staticmethod(persist_with_probes)
    graph_trainer.LoggingHook = lambda pruned_schema: StepHook(pruned_schema, reporter)
    rasa.shared.utils.cli.print_error_and_exit = refuse


def main(project: Path, output: Path, name: str) -> int:
    """The exit code."""
    return run_child_program(partial(run, project, output, name), project)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
