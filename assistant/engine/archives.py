"""Which model archives may be loaded. An archive names the classes to be run, so a foreign one is foreign code.

Only a file whose SHA-256 we signed is opened, and only if all it names is allowed. Nothing here imports Rasa.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from assistant.engine import tarballs
from assistant.engine.allow_lists import archive_files, components, parameters
from assistant.engine.errors import ModelRefused
from assistant.engine.types import Json, Model

METADATA = "metadata.json"
FRONTDESK_METADATA = "frontdesk.json"  # {"probes": [text, ...]}: written by our trainer
MOST_NODES = 500  # of one graph
# Of a step in a graph; Rasa makes an object of them.
NODE_KEYS = frozenset(
    {"needs", "uses", "constructor_name", "fn", "config", "eager", "is_target", "is_input", "resource"}
)
MOST_PROBES, LONGEST_PROBE = 10, 4_000
OLDEST = (3, 6, 21)  # former ones kept pickles in their archives; Rasa does not load them any more
VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})")


@dataclass(frozen=True)
class ArchiveContents:
    """What an archive holds. `probes`: texts that it was trained on."""

    components: frozenset[str]
    probes: tuple[str, ...]

    @property
    def uses_tensorflow(self) -> bool:
        """Whether a component of it runs on TensorFlow."""
        return bool(self.components & components.TENSORFLOW)


def sha256_of(path: Path) -> str:
    """Of the file's bytes, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sign(sha256: str, secret_key: str | None = None) -> str:
    """Our word that this archive was trained here, or uploaded by staff. `secret_key`: another than SECRET_KEY."""
    return salted_hmac("assistant.engine.archives", sha256, secret_key, algorithm="sha256").hexdigest()


def check(model: Model) -> ArchiveContents:
    """Raises ModelRefused, with a sentence for staff."""
    verify(model)
    return inspect(model.path)


def verify(model: Model) -> None:
    """That the file is the one that was recorded. Raises ModelRefused."""
    if not model.path.is_file():
        raise ModelRefused("The model's file is missing.")
    if not constant_time_compare(model.signature, sign(model.sha256)):
        raise ModelRefused("The model's signature is not ours.")
    if not hmac.compare_digest(sha256_of(model.path), model.sha256):
        raise ModelRefused("The model's file has changed since it was recorded.")


def inspect(path: Path) -> ArchiveContents:
    """Checks a file that nobody has signed yet: an upload. Raises ModelRefused."""

    def is_read(name: str) -> bool:
        configuration = archive_files.CONFIGURATION.fullmatch(PurePosixPath(name).name)
        return name in (METADATA, FRONTDESK_METADATA) or configuration is not None

    names, found = tarballs.read(path, is_read)
    metadata = _metadata(found)
    _check_version(metadata)
    nodes = list(_checked_nodes(metadata))
    _check_slots(metadata.get("domain"))
    readers: dict[str, set[str]] = {}  # the components that keep files in each folder
    for folder, component in nodes:
        readers.setdefault(folder, set()).add(component)
    if unexpected := archive_files.first_unexpected(names, readers, beside=(METADATA, FRONTDESK_METADATA)):
        raise ModelRefused(f"The archive holds '{unexpected[:200]}', which no component of it keeps.")
    for name, content in found.items():
        if configuration := archive_files.CONFIGURATION.fullmatch(PurePosixPath(name).name):
            _check_parameters(archive_files.POLICY_OF[configuration[1]], content)
    probes = found.get(FRONTDESK_METADATA, {}).get("probes")
    texts = [text for text in probes if isinstance(text, str)] if isinstance(probes, list) else []
    named = frozenset(component for _, component in nodes)
    return ArchiveContents(named, tuple(text[:LONGEST_PROBE] for text in texts[:MOST_PROBES]))


def metadata_of(path: Path) -> Json:
    """What an unsigned file says of itself, and nothing of it checked but its form. Raises ModelRefused."""
    return _metadata(tarballs.read(path, lambda name: name == METADATA)[1])


def _metadata(found: dict[str, Json]) -> Json:
    if METADATA not in found:
        raise ModelRefused(f"The archive has no readable {METADATA}.")
    return found[METADATA]


def _check_version(metadata: Json) -> None:
    version = metadata.get("rasa_open_source_version")
    numbers = VERSION.match(version) if isinstance(version, str) else None
    if not numbers:
        raise ModelRefused("The archive does not say which version of Rasa made it.")
    made_by = tuple(map(int, numbers.groups()))
    if made_by[:2] != OLDEST[:2] or made_by < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ModelRefused(f"The model was made by Rasa {numbers[0]}; models of Rasa {oldest} run here.")


def _checked_nodes(metadata: Json) -> Iterator[tuple[str, str]]:
    """The folder and the component of each step."""
    for schema in ("train_schema", "predict_schema"):
        content = metadata.get(schema)
        nodes = content.get("nodes") if isinstance(content, dict) else None
        if not isinstance(nodes, dict) or len(nodes) > MOST_NODES:
            raise ModelRefused(f"The archive's {METADATA} has no {schema}.")
        for name, node in nodes.items():
            if not isinstance(node, dict) or not NODE_KEYS.issuperset(node):
                raise ModelRefused(f"The archive's step '{name}' is unreadable.")
            _check_node(node)
            resource = node.get("resource") or {"name": name}
            folder = resource.get("name", "") if isinstance(resource, dict) else None
            if not isinstance(folder, str):
                raise ModelRefused("The archive names an unreadable resource.")
            if "/" in folder or "\\" in folder or folder in ("", ".", ".."):
                raise ModelRefused(f"The archive names an unsafe resource: {folder}")
            yield folder, components.class_name(node["uses"])


def _check_node(node: Json) -> None:
    uses, component = str(node.get("uses")), components.class_name(str(node.get("uses")))
    if uses not in components.GRAPH and not components.is_ours(uses):
        raise ModelRefused(f"The archive wants to run '{uses}', which is not allowed.")
    if component == components.DUCKLING and not settings.DUCKLING_URL:
        raise ModelRefused("The model asks a Duckling server; set DUCKLING_URL to allow that.")
    if why_unavailable := components.why_unavailable(component):
        raise ModelRefused(f"The model can't be used: '{component}' {why_unavailable}.")
    calls = str(node.get("constructor_name")), str(node.get("fn"))
    if calls[0] not in components.CONSTRUCTORS or calls[1] not in components.FUNCTIONS:
        raise ModelRefused(f"The archive wants to call '{node.get('fn')}' of '{uses}', which is not allowed.")
    needs = node.get("needs") or {}
    if not isinstance(needs, dict) or not all(isinstance(other, str) for other in needs.values()):
        raise ModelRefused(f"What the archive's '{component}' needs is unreadable.")
    _check_parameters(component, node.get("config") or {})


def _check_parameters(component: str, config: Any) -> None:
    if not isinstance(config, dict):
        raise ModelRefused(f"The parameters of the archive's '{component}' are unreadable.")
    for refusal in parameters.refusals(component, config):
        raise ModelRefused(f"The archive is not allowed: {refusal.reason}.")


def _check_slots(domain: Any) -> None:
    slots = domain.get("slots") or {} if isinstance(domain, dict) else None
    if not isinstance(slots, dict):
        raise ModelRefused(f"The archive's {METADATA} has no readable domain.")
    for name, slot in slots.items():
        kind = slot.get("type") if isinstance(slot, dict) else None
        if str(kind) not in components.SLOT_TYPES:
            raise ModelRefused(f"The slot '{name}' is of type '{kind}', which is not allowed.")
