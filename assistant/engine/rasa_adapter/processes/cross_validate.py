"""The child process that cross-validates, started by `parent` with PROJECT OUTPUT FOLDS SEED. It imports Rasa once, and
trains and asks the part of the model that understands messages once a fold.

It writes OUTPUT: a list of `{"text", "intent", "entities", "guess": {"intent", "confidence", "ranking", "entities"}}`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assistant.engine.rasa_adapter import import_rasa  # noqa: F401  first: it imports Rasa

# isort: split

from rasa.engine.graph import GraphSchema
from rasa.engine.training import graph_trainer
from rasa.exceptions import RasaException
from rasa.model_training import TrainingType, _train_graph
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from assistant import embeddings
from assistant.engine.cross_validation import stratified_folds
from assistant.engine.rasa_adapter.dialogue.processor import TurnProcessor
from assistant.engine.rasa_adapter.processes.progress import ProgressReporter, StepHook, run_child_program
from assistant.engine.rasa_adapter.processes.train_model import paths_of
from assistant.engine.types import Json

BEST = 5


class ImporterWithoutFold(TrainingDataImporter):
    """The project without the examples that stand at `held_out`, among those with an intent."""

    def __init__(self, project: TrainingDataImporter, data: TrainingData, held_out: set[int]) -> None:
        self._project, self._data = project, data
        left_out = {id(message) for place, message in enumerate(labelled(data)) if place in held_out}
        self._kept = [message for message in data.training_examples if id(message) not in left_out]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._project, name)

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        data = self._data
        kept = copy.deepcopy(self._kept)  # training leaves features on them
        return TrainingData(kept, data.entity_synonyms, data.regex_features, data.lookup_tables, data.responses)

    # The base class has these, so `__getattr__` never sees them.

    def get_domain(self) -> Any:
        return self._project.get_domain()

    def get_stories(self, exclusion_percentage: int | None = None) -> Any:
        return self._project.get_stories(exclusion_percentage)

    def get_conversation_tests(self) -> Any:
        return self._project.get_conversation_tests()

    def get_config(self) -> Any:
        return self._project.get_config()

    def get_config_file_for_auto_config(self) -> str | None:
        return self._project.get_config_file_for_auto_config()


@dataclass
class FoldProgress:
    """Reports the steps of all folds as those of one training."""

    reporter: ProgressReporter
    folds: int
    fold: int = 0
    steps: StepHook | None = None

    def hook(self, pruned_schema: GraphSchema) -> StepHook:
        """Rasa makes one for each training, so a fold begins here."""
        self.fold += 1
        done = self.steps.done if self.steps else 0
        self.steps = StepHook(pruned_schema, self.reporter, f", {self}", done, self.folds)
        return self.steps

    def __str__(self) -> str:
        return f"fold {self.fold} of {self.folds}"


def run(project: Path, output: Path, folds: int, seed: int, reporter: ProgressReporter) -> None:
    """Guess each example by a model that was trained without its fold, and write the guesses to `output`."""
    reporter.send(now="reading the data")
    config, domain, files = paths_of(project)
    importer = TrainingDataImporter.load_from_config(config, domain, [files])
    data = importer.get_nlu_data()
    examples = labelled(data)
    held_out = stratified_folds([example.get(INTENT) for example in examples], folds, seed)
    if len(held_out) < 2:
        raise RasaException("There is nothing to compare: no two examples have the same intent.")
    progress = FoldProgress(reporter, len(held_out))
    graph_trainer.LoggingHook = progress.hook
    reporter.send(now="embedding the examples")
    embeddings.keep_all([example.get(TEXT) for example in examples])  # every fold trains on the same texts
    guessed: dict[int, Json] = {}
    for fold in held_out:
        texts = [examples[place].get(TEXT) for place in fold]
        guesses = _guesses(ImporterWithoutFold(importer, data, set(fold)), texts, progress)
        guessed.update(zip(fold, guesses, strict=True))
    rows = [
        {
            "text": examples[place].get(TEXT),
            "intent": examples[place].get(INTENT),
            "entities": examples[place].get(ENTITIES) or [],
            "guess": guessed[place],
        }
        for place in sorted(guessed)
    ]
    output.write_text(json.dumps(rows), encoding="utf-8")
    reporter.send_result()


def labelled(data: TrainingData) -> list[Message]:
    """The examples with a text and an intent."""
    return [message for message in data.nlu_examples if message.get(INTENT) and (message.get(TEXT) or "").strip()]


def _guesses(importer: ImporterWithoutFold, texts: Sequence[str], progress: FoldProgress) -> list[Json]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "parts").mkdir()
        result = _train_graph(importer, TrainingType.NLU, folder, "fold", force_full_training=True)
        progress.reporter.send(now=f"guessing {progress}")
        processor = TurnProcessor(Path(result.model), Path(folder) / "parts")

        async def guess_all() -> list[Json]:
            parses = [await processor.parse(text) for text in texts]
            return [
                {
                    "intent": parse.intent,
                    "confidence": parse.confidence,
                    "ranking": list(parse.ranking)[:BEST],
                    "entities": [dict(entity) for entity in parse.entities],
                }
                for parse in parses
            ]

        return asyncio.run(guess_all())


def main(project: Path, output: Path, folds: int, seed: int) -> int:
    """The exit code."""
    return run_child_program(partial(run, project, output, folds, seed), project, "The evaluation")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
