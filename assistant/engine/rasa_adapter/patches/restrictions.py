"""Holds Rasa to what a bot's files may name, where it would import, fill in or call more.

`archives` and `bundles` read what a file names before Rasa does. This holds where Rasa finds a name they did not see:
in the domain that a model's `domain_provider` keeps, in a schema that is nested elsewhere, in what a later Rasa reads.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import rasa.engine.recipes.default_recipe
import rasa.shared.utils.common
import skops.io
from django.conf import settings
from rasa.nlu.extractors.duckling_entity_extractor import DucklingEntityExtractor
from rasa.shared.exceptions import RasaException
from rasa.shared.utils.common import class_from_module_path
from ruamel.yaml import SafeConstructor

from assistant.engine.allow_lists import classifier_nodes, components

LARGEST_SCHEMA = 4 * 1024**2  # bytes
VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")


def apply() -> None:
    """In this process, from now on."""
    get_untrusted_types = skops.io.get_untrusted_types

    def check_and_get_untrusted_types(*, file: str | os.PathLike[str]) -> list[str]:
        _check_skops(Path(file))
        untrusted: list[str] = get_untrusted_types(file=file)
        return untrusted

    rasa.shared.utils.common.class_from_module_path = _class_from_module_path
    rasa.engine.recipes.default_recipe.class_from_module_path = _class_from_module_path
    skops.io.get_untrusted_types = check_and_get_untrusted_types
    SafeConstructor.add_constructor("!env_var", _refuse_variable)
    DucklingEntityExtractor._url = lambda self: settings.DUCKLING_URL or None


def _class_from_module_path(module_path: str, lookup_path: str | None = None) -> type:
    if module_path not in components.IMPORTED:
        raise RasaException(f"'{module_path}' is not allowed here.")
    return class_from_module_path(module_path, lookup_path)


def _refuse_variable(loader: Any, node: Any) -> str:
    """Rasa would put variables of this process into the bot, its secrets among them."""
    value = str(loader.construct_scalar(node))
    found = VARIABLE.search(value)
    raise RasaException(f"'{found[0] if found else value}' reads an environment variable: write its value instead.")


def _check_skops(path: Path) -> None:
    """Every part that names a loader, wherever it stands, is on the list.

    Rasa asks for what is untrusted before it loads; an untrusted file would be passed over without a word.
    """
    if not path.exists():
        return
    with ZipFile(path) as parts:
        if parts.getinfo("schema.json").file_size > LARGEST_SCHEMA:
            raise RasaException("The model's classifier is too large to be looked at.")
        schema = json.loads(parts.read("schema.json"))
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            waiting += node.values() if isinstance(node, dict) else node
        if not isinstance(node, dict) or "__loader__" not in node:
            continue
        loader, name = node["__loader__"], f"{node.get('__module__')}.{node.get('__class__')}"
        if name not in classifier_nodes.NODES.get(loader, ()):
            raise RasaException(f"The model's classifier holds a {loader} of '{name}', which is not allowed.")
