"""What there is to say about a project's files once they are read. Python is read for its names and not run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings

from assistant.engine.allow_lists.parameters import unknown_parameters
from training.bundles.limits import regex_faults, too_long_examples
from training.bundles.yaml_documents import Document, line_of, nodes, plain
from training.importing.default_pipeline import CONFIG, PIPELINE
from training.importing.files import Project
from training.importing.refusals import refusals
from training.validation import LONGEST_TEXT

OLDEST_FORMAT, NEWEST_FORMAT = (3,), (3, 1)
DATA = {"nlu", "responses", "rules", "stories"}
DUCKLING = "DucklingEntityExtractor"
SINGULAR = {
    "intents": "intent",
    "examples": "example",
    "entities": "entity",
    "slots": "slot",
    "forms": "form",
    "responses": "response",
    "stories": "story",
    "rules": "rule",
}
SHOWN = 80  # characters of a regular expression
OFFER = "--default-pipeline puts the starter's pipeline in its place"


def check_config(project: Project, documents: dict[str, Document]) -> None:
    """A config that names what is refused is taken out of the project."""
    if CONFIG not in documents:
        project.notice(CONFIG, f"there is none to train with; {OFFER}", blocks=True)
        return
    config = documents[CONFIG]
    if _notice_refusals(project, CONFIG, config):
        project.notice(CONFIG, f"left out for this; {OFFER}")
        del project.files[CONFIG], documents[CONFIG]
        return
    for node in nodes(config.sections[PIPELINE]) if PIPELINE in config.sections and not settings.DUCKLING_URL else ():
        if isinstance(node.value, str) and node.value.rpartition(".")[2] == DUCKLING:
            text = f"{DUCKLING} asks another server, so it is off until DUCKLING_URL is set"
            project.notice(CONFIG, text, line_of(node))
    for section in (PIPELINE, "policies"):
        _notice_unknown_parameters(project, config, section)


def check_file(project: Project, path: str, document: Document) -> None:
    """Of any kind; what is wrong with a config alone, `check_config` says."""
    if path.startswith("data/") and not DATA & document.sections.keys():
        project.notice(path, f"nothing in it is trained on: data/ is for {', '.join(sorted(DATA))}")
    _check_format(project, path, document)
    for name, line in document.environment_variables():
        text = f"reads the environment variable {name}, which trainings here do not get: write its value"
        project.notice(path, text, line, blocks=True)
    if path != CONFIG:  # the config's are noticed already
        _notice_refusals(project, path, document)
    for regex, reason, fails in regex_faults(document):
        shown = regex.text if len(regex.text) <= SHOWN else f"{regex.text[:SHOWN]}…"
        project.notice(path, f"the regular expression {regex.name}, {shown}: {reason}", regex.line, blocks=fails)
    for example in too_long_examples(document):
        text = f"an example of {example.name} has {len(example.text):,} characters, of at most {LONGEST_TEXT:,}"
        project.notice(path, text, example.line, blocks=True)


def check_actions(project: Project, documents: Mapping[str, Document], python: Mapping[str, str]) -> None:
    """Python files bring actions that do not come along; domains ask for actions that no skill here brings."""
    for path, text in python.items():
        if names := actions_in(text):
            project.notice(path, f"left out, for Python does not come along: {', '.join(names)}")
    for path, document in documents.items():
        wanted = [name for name in document.names("actions") if not name.startswith("utter_")]
        missing = [name for name in wanted if name not in _actions_of_skills()]
        # Of these Rasa expects nothing but whether a slot's value is right.
        validations = [it for it in missing if it.startswith("validate_") or it == "action_validate_slot_mappings"]
        others = [name for name in missing if name not in validations]
        for names, effect in ((others, "answers utter_default"), (validations, "lets every value pass")):
            if names:
                text = f"custom actions that no skill here has (each {effect}): {', '.join(names)}"
                project.notice(path, text, document.starts["actions"])


def summary_of(document: Document) -> str:
    """For example `7 intents, 64 examples`."""
    counts = {name: len(document.names(name)) for name in SINGULAR}
    counts["examples"] = 0
    for entry in document.items("nlu"):
        if isinstance(entry, dict) and "intent" in entry:
            counts["intents"] += 1
            examples = entry.get("examples")
            lines = examples if isinstance(examples, list) else str(examples or "").splitlines()
            counts["examples"] += sum(isinstance(examples, list) or line.lstrip().startswith("-") for line in lines)
    return ", ".join(f"{count} {SINGULAR[name] if count == 1 else name}" for name, count in counts.items() if count)


def actions_in(python: str) -> list[str]:
    """The names that the classes of a module give themselves in `def name(self): return "..."`."""
    try:
        tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    methods = [item for node in classes for item in node.body if isinstance(item, ast.FunctionDef)]
    returns = [item for method in methods if method.name == "name" for item in method.body]
    values = [item.value for item in returns if isinstance(item, ast.Return)]
    return [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]


@lru_cache(maxsize=1)
def _actions_of_skills() -> frozenset[str]:
    modules = [Path(settings.BASE_DIR) / skill / "actions.py" for skill in settings.ASSISTANT_SKILLS]
    return frozenset(name for path in modules if path.exists() for name in actions_in(path.read_text(encoding="utf-8")))


def _notice_refusals(project: Project, path: str, document: Document) -> bool:
    """Whether there are any."""
    refused = refusals(path, project.files[path], document)
    for line, reason in refused:
        project.notice(path, reason, line, blocks=True)
    return bool(refused)


def _notice_unknown_parameters(project: Project, config: Document, section: str) -> None:
    """They may be misspelt. Rasa passes over them without a word."""
    for item in config.sections[section].value if section in config.sections else []:
        if not isinstance(item, yaml.MappingNode):
            continue
        lines = {key.value: line_of(key) for key, _ in item.value}
        component = str(plain(item).get("name", "")).rpartition(".")[2]
        for key in unknown_parameters(component, lines):
            text = f"'{key}' is no known parameter of {component}; it is passed on as it is"
            project.notice(CONFIG, text, lines[key])


def _check_format(project: Project, path: str, document: Document) -> None:
    """Rasa 2's differs from Rasa 3's in the slots."""
    version = str(document.get("version") or "").strip("'\"")
    number = tuple(int(part) for part in version.split(".") if part.isdigit())
    line = document.starts.get("version", 0)
    if number > NEWEST_FORMAT:
        project.notice(path, f"its format {version} is newer than 3.1, which Rasa 3.6 reads", line, blocks=True)
    elif number and number < OLDEST_FORMAT:
        project.notice(path, f'its format {version} is of Rasa 2; it is read as 3.1, so write version: "3.1"', line)
    slots = document.get("slots")
    unmapped = [
        name
        for name, slot in (slots.items() if isinstance(slots, dict) else ())
        if not isinstance(slot, dict) or "mappings" not in slot
    ]
    if unmapped:
        text = f"slots without mappings, which Rasa 3 wants (its `rasa data migrate` adds them): {', '.join(unmapped)}"
        project.notice(path, text, document.starts["slots"], blocks=True)
