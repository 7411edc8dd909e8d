"""The child process that trains, started by `training` with PROJECT OUTPUT NAME.

It writes one JSON object a line to its standard output: `{"component", "done", "total", "seconds"}` for each step,
then `{"history_turns"}` or `{"error"}`. Whatever Rasa prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NoReturn, TextIO

from assistant.engine.rasa_adapter import quiet  # noqa: F401  first: it imports Rasa

# isort: split

import rasa.shared.utils.cli
from rasa.engine.graph import ExecutionContext, GraphNodeHook, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.training import graph_trainer
from rasa.exceptions import RasaException
from rasa.model_training import train
from rasa.shared.importers.importer import TrainingDataImporter

from assistant.engine.rasa_adapter.horizon import horizon_of
from assistant.engine.rasa_adapter.processor import TurnProcessor

PROBES = 3
NICENESS = 5


class Steps(GraphNodeHook):
    """Takes the place of Rasa's LoggingHook: reports each component that was trained."""

    report: TextIO

    def __init__(self, pruned_schema: GraphSchema) -> None:
        self._nodes = {name: node for name, node in pruned_schema.nodes.items() if node.is_target and not node.is_input}
        self._done = 0

    def on_before_node(
        self, node_name: str, execution_context: ExecutionContext, config: Any, received_inputs: Any
    ) -> dict[str, float]:
        return {"started": perf_counter()}

    def on_after_node(
        self, node_name: str, execution_context: ExecutionContext, config: Any, output: Any, input_hook_data: Any
    ) -> None:
        node = self._nodes.get(node_name)
        if node is None:
            return
        self._done += 1
        seconds = round(perf_counter() - input_hook_data["started"], 3)
        say(self.report, component=node.uses.__name__, done=self._done, total=len(self._nodes), seconds=seconds)


def say(report: TextIO, **message: Any) -> None:
    report.write(json.dumps(message) + "\n")
    report.flush()


def run(project: Path, output: Path, name: str, report: TextIO) -> None:
    domain = project / ("domain.yml" if (project / "domain.yml").exists() else "domain")
    files = str(project / "config.yml"), str(domain), str(project / "data")
    Steps.report = report
    graph_trainer.LoggingHook = Steps
    rasa.shared.utils.cli.print_error_and_exit = _refuse
    _keep_beside_metadata({"probes": _probes(*files)})
    result = train(files[1], files[0], files[2], str(output), force_training=True, fixed_model_name=name)
    if not result.model:
        raise RasaException("There is nothing to train on: no examples, stories or rules were found.")
    say(report, history_turns=_history_turns(Path(result.model)))


def _probes(config: str, domain: str, data: str) -> list[str]:
    """Examples of different intents, to try a model out with after it is loaded."""
    examples = TrainingDataImporter.load_from_config(config, domain, [data]).get_nlu_data().intent_examples
    by_intent = {example.get("intent"): example.get("text") for example in examples if example.get("text")}
    return list(by_intent.values())[:PROBES]


def _keep_beside_metadata(ours: dict[str, Any]) -> None:
    persist = LocalModelStorage._persist_metadata

    def persist_both(metadata: Any, folder: Path) -> None:
        persist(metadata, folder)
        (folder / "frontdesk.json").write_text(json.dumps(ours), encoding="utf-8")

    LocalModelStorage._persist_metadata = staticmethod(persist_both)


def _history_turns(archive: Path) -> int | None:
    with TemporaryDirectory() as folder:
        return horizon_of(TurnProcessor(archive, Path(folder))).turns


def _refuse(message: str, exit_code: int = 1) -> NoReturn:
    raise RasaException(message)


def explained(error: BaseException, project: Path) -> str:
    """Rasa's own words where it has some, without the paths of this machine and links to its documentation."""
    while error.__cause__ and not (_is_rasas(error) and str(error)):
        error = error.__cause__
    if _is_rasas(error):
        words = str(error)
    elif isinstance(error, MemoryError):
        words = "The training ran out of memory."
    else:
        words = f"The training failed: {type(error).__name__}: {error}"
    words = re.sub(r"[^.\n]*https?://\S+", "", words.replace(f"{project}{os.sep}", ""))
    return re.sub(r"[ \t]+", " ", words.replace("\N{POLICE CARS REVOLVING LIGHT}", "")).strip()


def _is_rasas(error: BaseException) -> bool:
    return type(error).__module__.startswith("rasa.")


def main() -> int:
    os.nice(NICENESS)
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    project, output, name = sys.argv[1:]
    try:
        run(Path(project), Path(output), name, report)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        say(report, error=explained(error, Path(project)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
