"""The child process that cross-validates, started by `crossvalidation` with PROJECT OUTPUT FOLDS SEED. It imports Rasa
once, and trains and asks the part of the model that understands messages once a fold.

It writes OUTPUT: a list of `{"text", "intent", "entities", "guess": {"intent", "confidence", "ranking", "entities"}}`.
"""

from __future__ import annotations

import asyncio
import copy
import json
import sys
from collections.abc import Iterator, Sequence
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

from assistant.engine.cross_validation import stratified_folds
from assistant.engine.rasa_adapter.dialogue.processor import TurnProcessor
from assistant.engine.rasa_adapter.nlu import embedding_memory
from assistant.engine.rasa_adapter.processes.progress import ProgressReporter, StepHook, run_child_program
from assistant.engine.rasa_adapter.processes.train_model import paths_of
from assistant.engine.types import Json, Parse

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
    """Reports the folds as one row of steps. `done`: of all."""

    reporter: ProgressReporter
    folds: int
    fold: int = 0
    steps: StepHook | None = None

    def hook(self, pruned_schema: GraphSchema) -> StepHook:
        self.fold += 1
        done = self.steps.done if self.steps else 0
        self.steps = StepHook(pruned_schema, self.reporter, f", {self}", done, self.folds)
        return self.steps

    def __str__(self) -> str:
        return f"fold {self.fold} of {self.folds}"


def run(project: Path, output: Path, folds: int, seed: int, reporter: ProgressReporter) -> None:
    reporter.say(now="reading the data")
    importer, data = _read(project)
    examples = labelled(data)
    held_out = stratified_folds([example.get(INTENT) for example in examples], folds, seed)
    if len(held_out) < 2:
        raise RasaException("There is nothing to compare: no two examples have the same intent.")
    progress = FoldProgress(reporter, len(held_out))
    graph_trainer.LoggingHook = progress.hook
    reporter.say(now="embedding the examples")
    embedding_memory.remember([example.get(TEXT) for example in examples])
    guessed: dict[int, Json] = {}
    for fold in held_out:
        texts = [examples[place].get(TEXT) for place in fold]
        guesses = _guesses(ImporterWithoutFold(importer, data, set(fold)), texts, progress)
        guessed.update(zip(fold, guesses, strict=True))
    rows = [_row(examples[place], guessed[place]) for place in sorted(guessed)]
    output.write_text(json.dumps(rows), encoding="utf-8")
    reporter.result()


def _read(project: Path) -> tuple[TrainingDataImporter, TrainingData]:
    config, domain, files = paths_of(project)
    importer = TrainingDataImporter.load_from_config(config, domain, [files])
    return importer, importer.get_nlu_data()


def labelled(data: TrainingData) -> list[Message]:
    return [message for message in data.nlu_examples if message.get(INTENT) and (message.get(TEXT) or "").strip()]


def _guesses(importer: ImporterWithoutFold, texts: Sequence[str], progress: FoldProgress) -> Iterator[Json]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "parts").mkdir()
        result = _train_graph(importer, TrainingType.NLU, folder, "fold", force_full_training=True)
        progress.reporter.say(now=f"guessing {progress}")
        processor = TurnProcessor(Path(result.model), Path(folder) / "parts")
        return iter(asyncio.run(_all_guesses(processor, texts)))


async def _all_guesses(processor: TurnProcessor, texts: Sequence[str]) -> list[Json]:
    return [_guess(await processor.parse(text)) for text in texts]


def _guess(parse: Parse) -> Json:
    ranking = list(parse.ranking)[:BEST]
    entities = [{key: value for key, value in entity.items()} for entity in parse.entities]
    return {"intent": parse.intent, "confidence": parse.confidence, "ranking": ranking, "entities": entities}


def _row(example: Message, guess: Json) -> Json:
    entities = example.get(ENTITIES) or []
    return {"text": example.get(TEXT), "intent": example.get(INTENT), "entities": entities, "guess": guess}


def main(project: Path, output: Path, folds: int, seed: int) -> int:
    return run_child_program(partial(run, project, output, folds, seed), project, "The evaluation")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
