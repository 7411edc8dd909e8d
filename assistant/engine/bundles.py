"""Checks a bundle before anything of it reaches Rasa. Nothing here imports Rasa."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError

from assistant.engine.allow_lists import components, parameters
from assistant.engine.errors import TrainingFailed
from assistant.engine.types import Bundle, Json

CONFIG, DOMAIN = "config.yml", "domain.yml"
OLD_NLU = "rasa_nlu_data"  # its lookup tables may be paths, and the file's lines become part of the model


def check_bundle(bundle: Bundle) -> None:
    """Raises TrainingFailed, naming file and line."""
    if CONFIG not in bundle.files:
        raise TrainingFailed(f"There is no {CONFIG}.")
    for path, text in bundle.files.items():
        if path.endswith((".yml", ".yaml")):
            _FileCheck(path, text).check()


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Raises TrainingFailed for a path that leads out of the folder."""
    for path in bundle.files:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
            raise TrainingFailed(f"The path '{path}' is not allowed.")
    for path, text in bundle.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def read_bundle(folder: Path) -> Bundle:
    """Of all files in the folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return Bundle({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files})


def leave_out_duckling(config: Path) -> None:
    """Take Duckling out of the pipeline in this file: it calls a host."""
    content = _yaml().load(config.read_text(encoding="utf-8"))
    pipeline = (content or {}).get("pipeline") or []
    kept = [item for item in pipeline if components.class_name(_name_of(item)) != components.DUCKLING]
    if len(kept) != len(pipeline):
        config.write_text(json.dumps({**content, "pipeline": kept}), encoding="utf-8")  # JSON is YAML


def _yaml() -> YAML:
    """The reader that Rasa uses, with its settings: what is checked is what it will see."""
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)  # type: ignore[assignment]
    return reader


class _FileCheck:
    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        content = self.read()
        if path == CONFIG and not isinstance(content, dict | None):
            raise TrainingFailed(f"{CONFIG}, line 1: this is no list of settings.")
        self.content: Json = content if isinstance(content, dict) else {}

    def check(self) -> None:
        if self.path == CONFIG:
            self.check_config()
        if OLD_NLU in self.content:
            self.refuse(OLD_NLU, f"'{OLD_NLU}' is Rasa 1's JSON, which is not read here")
        slots = self.content.get("slots")
        for name, slot in slots.items() if isinstance(slots, dict) else ():
            kind = slot.get("type", "text") if isinstance(slot, dict) else "text"
            if kind not in components.SLOT_TYPES:
                self.refuse(kind, f"the slot '{name}' is of type '{kind}', which is not allowed")

    def read(self) -> Any:
        try:
            return _yaml().load(self.text)
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise TrainingFailed(f"{self.path}, line {line}: this is not valid YAML ({error.problem}).") from error
        except YAMLError as error:
            raise TrainingFailed(f"{self.path} is not valid YAML.") from error
        except RecursionError as error:
            raise TrainingFailed(f"{self.path} is nested too deeply.") from error

    def check_config(self) -> None:
        recipe = self.content.get("recipe", "default.v1")
        if recipe != "default.v1":
            self.refuse(recipe, f"the recipe '{recipe}' is not supported; use default.v1")
        for item in self.list_of("pipeline"):
            name = _name_of(item)
            if not components.is_ours(name):
                self.check_name(name, components.PIPELINE, "component")
            if reason := components.why_unavailable(components.class_name(name)):
                self.refuse(name, f"'{name}' {reason}")
            self.check_parameters(item)
        for item in self.list_of("policies"):
            self.check_name(_name_of(item), components.POLICIES, "policy")
            self.check_parameters(item)
        for item in self.list_of("importers"):
            self.check_name(_name_of(item), components.IMPORTERS, "importer")
            given = sorted(str(key) for key in item if key != "name") if isinstance(item, dict) else []
            if given:
                self.refuse(given[0], f"the importer '{_name_of(item)}' takes no '{given[0]}' here")

    def list_of(self, section: str) -> list[Any]:
        found = self.content.get(section) or []
        if not isinstance(found, list):
            self.refuse(f"{section}:", f"'{section}' is no list")
        return found if isinstance(found, list) else []

    def check_parameters(self, item: Any) -> None:
        if isinstance(item, dict):
            for refusal in parameters.refusals(components.class_name(_name_of(item)), item):
                self.refuse(refusal.culprit, refusal.reason, after=_name_of(item))

    def check_name(self, name: str, names: frozenset[str], kind: str) -> None:
        if name not in names:
            self.refuse(name, f"the {kind} '{name}' is unknown or not allowed")

    def refuse(self, culprit: object, reason: str, after: str = "") -> None:
        start = max(self.text.find(after), 0)
        word = re.compile(rf"(?<!\w){re.escape(str(culprit))}")
        found = word.search(self.text, start) or word.search(self.text)
        line = self.text.count("\n", 0, found.start()) + 1 if found else 1
        raise TrainingFailed(f"{self.path}, line {line}: {reason}.")


def _name_of(item: Any) -> str:
    return str(item.get("name", "")) if isinstance(item, dict) else str(item)
