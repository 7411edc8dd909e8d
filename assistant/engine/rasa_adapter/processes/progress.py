"""How a child process reports its progress to its parent: see `child_process`."""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter
from typing import Any, TextIO

import rasa.shared.utils.io
import rasa.utils.train_utils
from rasa.engine.exceptions import GraphComponentException
from rasa.engine.graph import ExecutionContext, GraphNodeHook, GraphSchema
from tensorflow.keras.callbacks import Callback

from assistant.engine.errors import EngineError
from assistant.engine.rasa_adapter.patches import regexes

EPOCHS_EVERY = 0.3  # seconds
LONGEST = 5_000  # characters of an error or a warning
_LINKS = re.compile(r"[^.\n]*https?://\S+")
_NODE = re.compile(r"node (?:run_|train_)?([A-Za-z]+)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|\N{POLICE CARS REVOLVING LIGHT}")


class ProgressReporter:
    """Takes the standard output for itself: whatever else is printed goes to standard error."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, **message: Any) -> None:
        """One message of the protocol that `child_process` describes."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def send_result(self, **result: Any) -> None:
        """The last message of work that succeeded."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # macOS counts bytes, Linux kilobytes.
        self.send(result=result, memory=peak if sys.platform == "darwin" else peak * 1024)


class StepHook(GraphNodeHook):
    """Reports each component that is trained. `before` steps are through, of `rounds` times what one graph has."""

    def __init__(
        self, schema: GraphSchema, reporter: ProgressReporter, suffix: str = "", before: int = 0, rounds: int = 1
    ) -> None:
        self._nodes = {name: node for name, node in schema.nodes.items() if node.is_target and not node.is_input}
        self._reporter, self._suffix, self.done, self._total = reporter, suffix, before, rounds * len(self._nodes)

    def on_before_node(
        self, node_name: str, execution_context: ExecutionContext, config: Any, received_inputs: Any
    ) -> dict[str, float]:
        if node_name in self._nodes:
            self._reporter.send(now=self._name(node_name))
            EpochCallback.under_way = self._name(node_name)
        return {"started": perf_counter()}

    def on_after_node(
        self, node_name: str, execution_context: ExecutionContext, config: Any, output: Any, input_hook_data: Any
    ) -> None:
        if node_name not in self._nodes:
            return
        self.done += 1
        name, seconds = self._name(node_name), round(perf_counter() - input_hook_data["started"], 3)
        log(f"{name}: {seconds:.1f} s")
        self._reporter.send(component=name, done=self.done, total=self._total, seconds=seconds)

    def _name(self, node: str) -> str:
        return f"{self._nodes[node].uses.__name__}{self._suffix}"


class EpochCallback(Callback):
    """Takes the place of Rasa's progress bar."""

    reporter: ProgressReporter
    under_way = ""

    def __init__(self, epochs: int, silent: bool) -> None:
        super().__init__()
        self._epochs, self._last, self._reported = epochs, dict[str, float](), 0.0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._last = logs or {}
        if perf_counter() - self._reported > EPOCHS_EVERY:
            self._reported = perf_counter()
            self.reporter.send(now=f"{self.under_way}, epoch {epoch + 1} of {self._epochs}")

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        measures = ", ".join(f"{name} {value:.3f}" for name, value in self._last.items())
        log(f"{self.under_way}: {self._epochs} epochs, {measures}")


def log(line: str) -> None:
    """A line of the log that staff see."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def run_child_program(work: Callable[[ProgressReporter], None], project: Path, subject: str = "The training") -> int:
    """Do the work; an error is the last thing reported. The exit code."""
    reporter = ProgressReporter()
    EpochCallback.reporter = reporter
    rasa.utils.train_utils.RasaTrainingLogger = EpochCallback
    rasa.shared.utils.io.raise_warning = _warn
    # What is no UserWarning is what libraries warn each other of.
    warnings.showwarning = lambda message, category, *_, **__: _warn(str(message)) if category is UserWarning else None
    regexes.apply()
    try:
        work(reporter)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        reporter.send(error=explain_error(error, project, subject))
        return 1
    return 0


def explain_error(error: BaseException, project: Path, subject: str) -> str:
    """Rasa's own words where it has some, without the paths of this machine and links to its documentation."""
    # Rasa names the node of its graph where a component raises something, and hides what.
    node = _NODE.search(str(error)) if isinstance(error, GraphComponentException) else None
    if node and error.__cause__:
        subject, error = f"The component {node[1]}", error.__cause__
    while error.__cause__ and not (_is_rasas(error) and str(error)):
        error = error.__cause__
    if isinstance(error, EngineError):
        return error.message
    if _is_rasas(error):
        return _plain(str(error), project)
    if isinstance(error, MemoryError):
        return f"{subject} ran out of memory."
    return _plain(f"{subject} failed: {type(error).__name__}: {error}", project)


def _plain(words: str, project: Path) -> str:
    words = words[:LONGEST]  # Rasa repeats examples, and the square of a long one's length is long
    words = re.sub(rf"{re.escape(gettempdir())}{os.sep}\w+{os.sep}", "", _COLOURS.sub("", words))
    words = _LINKS.sub("", words.replace(f"{project}{os.sep}", ""))
    return re.sub(r"[ \t]+", " ", words).strip()


def _is_rasas(error: BaseException) -> bool:
    return type(error).__module__.startswith("rasa.")


_logged_warnings: set[str] = set()


def _warn(message: str, *args: Any, **kwargs: Any) -> None:
    """What Rasa finds odd in the data is what staff want to know, once."""
    words = _plain(str(message), Path.cwd())
    if words not in _logged_warnings:
        _logged_warnings.add(words)
        log(f"Warning: {words}")
