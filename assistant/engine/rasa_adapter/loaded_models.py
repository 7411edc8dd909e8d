"""Models in memory. A few at most, each verified before it is loaded and tried out after.

Every load of a TensorFlow model clears Keras' session and reseeds the process, so only one of them lives here at a
time: a second one waits until the first is idle, and takes its place.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from assistant.engine import archives
from assistant.engine.errors import ModelRefused, TurnTimeout
from assistant.engine.rasa_adapter.dialogue.max_history import MaxHistory, max_history_of
from assistant.engine.rasa_adapter.dialogue.processor import TurnProcessor
from assistant.engine.types import Model

logger = logging.getLogger(__name__)

KEPT_MODELS = 4


@dataclass
class LoadedModel:
    """`users`: how many turns it answers just now."""

    processor: TurnProcessor
    max_history: MaxHistory
    uses_tensorflow: bool
    users: int = 0


class LoadedModels:
    """The models in memory by hash. One that is being loaded is a future that is not done."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._futures: OrderedDict[str, Future[LoadedModel]] = OrderedDict()
        self._tensorflow_lock = threading.Lock()

    @contextmanager
    def use(self, model: Model, timeout: float) -> Iterator[LoadedModel]:
        """Loads the model where it is not in memory. Raises TurnTimeout where that takes longer; it goes on then."""
        with self._change:
            future = self._futures.get(model.sha256)
            if future is None:
                future = self._futures[model.sha256] = Future()
                threading.Thread(target=self._load, args=(model, future), name="rasa-load", daemon=True).start()
            self._futures.move_to_end(model.sha256)
        try:
            loaded = future.result(timeout)
        except FutureTimeout:
            raise TurnTimeout(f"The model was not loaded within {timeout:g} seconds.") from None
        with self._change:
            loaded.users += 1
        try:
            yield loaded
        finally:
            with self._change:
                loaded.users -= 1
                self._evict()
                self._change.notify_all()

    def _load(self, model: Model, future: Future[LoadedModel]) -> None:
        try:
            with TemporaryDirectory(prefix="model-", dir=settings.SCRATCH_DIR) as folder:
                loaded = self._loaded(model, Path(folder))
        except BaseException as error:
            with self._change:
                self._futures.pop(model.sha256, None)
            if not isinstance(error, ModelRefused):
                logger.error("Model %s cannot be loaded", model.version, exc_info=error)
                error = ModelRefused(f"The model cannot be loaded: {type(error).__name__}.")
            future.set_exception(error)
            return
        future.set_result(loaded)
        with self._change:
            self._evict()

    def _loaded(self, model: Model, folder: Path) -> LoadedModel:
        """From a copy: nobody changes the file between the check and the load."""
        if not model.path.is_file():
            raise ModelRefused(f"The file of model {model.version} is missing.")
        copied = replace(model, path=Path(shutil.copyfile(model.path, folder / "model.tar.gz")))
        contents = archives.check(copied)
        (folder / "parts").mkdir()
        if not contents.uses_tensorflow:
            return self._tried(copied.path, folder, contents)
        with self._tensorflow_lock:
            self._make_room_for_tensorflow()
            return self._tried(copied.path, folder, contents)

    def _tried(self, archive: Path, folder: Path, contents: archives.ArchiveContents) -> LoadedModel:
        processor = TurnProcessor(archive, folder / "parts")
        try_out(processor, contents)
        return LoadedModel(processor, max_history_of(processor), contents.uses_tensorflow)

    def _make_room_for_tensorflow(self) -> None:
        with self._change:
            for sha256, loaded in self._resident():
                if loaded.uses_tensorflow:
                    self._futures.pop(sha256)
                    while loaded.users:
                        self._change.wait()

    def _resident(self) -> list[tuple[str, LoadedModel]]:
        done = [(sha256, future) for sha256, future in self._futures.items() if future.done()]
        return [(sha256, future.result()) for sha256, future in done if not future.exception()]

    def _evict(self) -> None:
        """The least recently used first. A model that answers a turn stays until the turn is done."""
        resident = self._resident()
        for sha256, loaded in resident[: max(0, len(resident) - KEPT_MODELS)]:
            if not loaded.users:
                del self._futures[sha256]


def try_out(processor: TurnProcessor, contents: archives.ArchiveContents) -> None:
    """Rasa loads some classifiers untrained without a word. Raises ModelRefused for such a model."""
    if not contents.probes:
        return
    parsed = [asyncio.run(processor.parse(text)) for text in contents.probes]
    if not any(parse.confidence > 0 for parse in parsed):
        raise ModelRefused("The model recognises none of the examples it was trained on.")
