"""What there is to say about a project's files once they are read."""

from __future__ import annotations

from typing import Any

import yaml
from django.conf import settings

from assistant.engine.allow_lists.parameters import unknown_parameters
from training.bundles.limits import regex_faults, too_long_examples
from training.bundles.yaml_documents import Document, line_of, nodes, plain
from training.importing.actions import actions_in, missing_actions
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
    if _say_what_is_refused(project, CONFIG, documents[CONFIG]):
        project.notice(CONFIG, f"left out for this; {OFFER}")
        del project.files[CONFIG], documents[CONFIG]
        return
    _say_that_duckling_is_off(project, documents[CONFIG])
    _say_what_is_not_known(project, documents[CONFIG])


def check_file(project: Project, path: str, document: Document) -> None:
    if path.startswith("data/") and not DATA & document.sections.keys():
        project.notice(path, f"nothing in it is trained on: data/ is for {', '.join(sorted(DATA))}")
    _check_version(project, path, document)
    for name, line in document.environment_variables():
        text = f"reads the environment variable {name}, which trainings here do not get: write its value"
        project.notice(path, text, line, blocks=True)
    if path != CONFIG:
        _say_what_is_refused(project, path, document)
    for expression, reason, fails in regex_faults(document):
        text = f"the regular expression {expression.name}, {_shown(expression.text)}: {reason}"
        project.notice(path, text, expression.line, blocks=fails)
    for example in too_long_examples(document):
        text = f"an example of {example.name} has {len(example.text):,} characters, of at most {LONGEST_TEXT:,}"
        project.notice(path, text, example.line, blocks=True)


def summary_of(document: Document) -> str:
    """For example `7 intents, 64 examples`."""
    entries = [entry for entry in document.items("nlu") if isinstance(entry, dict)]
    counted = {name: len(document.names(name)) for name in SINGULAR}
    counted["intents"] += sum("intent" in entry for entry in entries)
    counted["examples"] = sum(_examples(entry) for entry in entries if "intent" in entry)
    return ", ".join(f"{count} {SINGULAR[name] if count == 1 else name}" for name, count in counted.items() if count)


def say_what_python_is_missed(project: Project, documents: dict[str, Document], python: dict[str, str]) -> None:
    for path, text in python.items():
        if names := actions_in(text):
            project.notice(path, f"left out, for Python does not come along: {', '.join(names)}")
    for path, document in documents.items():
        missing = missing_actions(document)
        validations = [name for name in missing if _validates(name)]
        others = [name for name in missing if not _validates(name)]
        _say_what_is_missing(project, path, document, others, "answers utter_default")
        _say_what_is_missing(project, path, document, validations, "lets every value pass")


def _say_what_is_refused(project: Project, path: str, document: Document) -> bool:
    refused = refusals(path, project.files[path], document)
    for line, reason in refused:
        project.notice(path, reason, line, blocks=True)
    return bool(refused)


def _say_that_duckling_is_off(project: Project, config: Document) -> None:
    if settings.DUCKLING_URL or PIPELINE not in config.sections:
        return
    for node in nodes(config.sections[PIPELINE]):
        if isinstance(node.value, str) and node.value.rpartition(".")[2] == DUCKLING:
            text = f"{DUCKLING} asks another server, so it is off until DUCKLING_URL is set"
            project.notice(CONFIG, text, line_of(node))


def _say_what_is_not_known(project: Project, config: Document) -> None:
    """Parameters that may be misspelt. Rasa passes over them without a word."""
    for section in (PIPELINE, "policies"):
        items = config.sections[section].value if section in config.sections else []
        for item in items:
            keys = {key.value: line_of(key) for key, _ in item.value} if isinstance(item, yaml.MappingNode) else {}
            component = str(plain(item).get("name", "")).rpartition(".")[2] if keys else ""
            for key in unknown_parameters(component, keys):
                project.notice(
                    CONFIG, f"'{key}' is no known parameter of {component}; it is passed on as it is", keys[key]
                )


def _check_version(project: Project, path: str, document: Document) -> None:
    version = str(document.get("version") or "").strip("'\"")
    number = tuple(int(part) for part in version.split(".") if part.isdigit())
    line = document.starts.get("version", 0)
    if number > NEWEST_FORMAT:
        project.notice(path, f"its format {version} is newer than 3.1, which Rasa 3.6 reads", line, blocks=True)
    elif number and number < OLDEST_FORMAT:
        text = f'its format {version} is of Rasa 2; it is read as 3.1, so write version: "3.1"'
        project.notice(path, text, line)
    unmapped = _slots_without_mappings(document)
    if unmapped:
        text = f"slots without mappings, which Rasa 3 wants (its `rasa data migrate` adds them): {', '.join(unmapped)}"
        project.notice(path, text, document.starts["slots"], blocks=True)


def _slots_without_mappings(document: Document) -> list[str]:
    slots = document.get("slots")
    if not isinstance(slots, dict):
        return []
    return [name for name, slot in slots.items() if not isinstance(slot, dict) or "mappings" not in slot]


def _examples(entry: dict[str, Any]) -> int:
    examples = entry.get("examples")
    if isinstance(examples, list):
        return len(examples)
    return sum(line.lstrip().startswith("-") for line in str(examples or "").splitlines())


def _shown(expression: str) -> str:
    return expression if len(expression) <= SHOWN else f"{expression[:SHOWN]}…"


def _validates(action: str) -> bool:
    return action.startswith("validate_") or action == "action_validate_slot_mappings"


def _say_what_is_missing(project: Project, path: str, document: Document, names: list[str], what_then: str) -> None:
    if names:
        text = f"custom actions that no skill here has (each {what_then}): {', '.join(names)}"
        project.notice(path, text, document.starts["actions"])
