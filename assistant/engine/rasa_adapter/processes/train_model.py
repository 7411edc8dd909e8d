"""The child process that trains, started by `training` with PROJECT OUTPUT NAME. Its result: `{"history_turns"}`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from assistant.engine.rasa_adapter import import_rasa  # noqa: F401  first: it imports Rasa

# isort: split

import rasa.shared.utils.cli
from rasa.engine.graph import GraphSchema
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
    reporter.say(now="reading the data")
    files = paths_of(project)
    graph_trainer.LoggingHook = _hook(reporter)
    rasa.shared.utils.cli.print_error_and_exit = _refuse
    _keep_beside_metadata({"probes": _probes(*files)}, lambda: reporter.say(now="packing the model"))
    config, domain, data = files
    result = train(domain, config, data, str(output), force_training=True, fixed_model_name=name)
    if not result.model:
        raise RasaException("There is nothing to train on: no examples, stories or rules were found.")
    reporter.say(now="trying the model out")
    reporter.result(history_turns=_history_turns(Path(result.model)))


def paths_of(project: Path) -> tuple[str, str, str]:
    """Configuration, domain, data."""
    domain = project / ("domain.yml" if (project / "domain.yml").exists() else "domain")
    return str(project / "config.yml"), str(domain), str(project / "data")


def _hook(reporter: ProgressReporter) -> Callable[[GraphSchema], StepHook]:
    return lambda pruned_schema: StepHook(pruned_schema, reporter)


def _probes(config: str, domain: str, data: str) -> list[str]:
    """Examples of different intents, to try a model out with after it is loaded."""
    examples = TrainingDataImporter.load_from_config(config, domain, [data]).get_nlu_data().intent_examples
    by_intent = {example.get("intent"): example.get("text") for example in examples if example.get("text")}
    return list(by_intent.values())[:PROBES]


def _keep_beside_metadata(ours: dict[str, Any], begin: Callable[[], None]) -> None:
    persist = LocalModelStorage._persist_metadata

    def persist_both(metadata: Any, folder: Path) -> None:
        begin()
        persist(metadata, folder)
        (folder / "frontdesk.json").write_text(json.dumps(ours), encoding="utf-8")

    LocalModelStorage._persist_metadata = staticmethod(persist_both)


def _history_turns(archive: Path) -> int | None:
    with TemporaryDirectory() as folder:
        return max_history_of(TurnProcessor(archive, Path(folder))).turns


def _refuse(message: str, exit_code: int = 1) -> NoReturn:
    raise RasaException(message)


def main(project: Path, output: Path, name: str) -> int:
    return run_child_program(partial(run, project, output, name), project)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
