"""Which model archives may be loaded. An archive names the classes to be run, so a foreign one is foreign code.

Only a file whose SHA-256 we signed is opened, and only if all it names is allowed. Nothing here imports Rasa.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from assistant.engine.errors import ModelRefused
from assistant.engine.rasa_adapter import allowed
from assistant.engine.types import Json, Model

METADATA = "metadata.json"
OURS = "frontdesk.json"  # {"probes": [text, ...]}: written by our trainer
LARGEST_ARCHIVE = 2 * 1024**3  # bytes, unpacked
LARGEST_METADATA = 64 * 1024**2
MOST_MEMBERS = 5_000


@dataclass(frozen=True)
class Contents:
    """What an archive holds. `probes`: texts that it was trained on."""

    components: frozenset[str]
    probes: tuple[str, ...]

    @property
    def uses_tensorflow(self) -> bool:
        return bool(self.components & allowed.TENSORFLOW)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sign(sha256: str) -> str:
    """Our word that this archive was trained here, or uploaded by staff."""
    return salted_hmac("assistant.engine.archives", sha256, algorithm="sha256").hexdigest()


def check(model: Model) -> Contents:
    """Raises ModelRefused, with a sentence for staff."""
    if not model.path.is_file():
        raise ModelRefused("The model's file is missing.")
    if not constant_time_compare(model.signature, sign(model.sha256)):
        raise ModelRefused("The model's signature is not ours.")
    if not hmac.compare_digest(sha256_of(model.path), model.sha256):
        raise ModelRefused("The model's file has changed since it was recorded.")
    return inspect(model.path)


def inspect(path: Path) -> Contents:
    """Checks a file that nobody has signed yet: an upload. Raises ModelRefused."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            members = list(_safe_members(tar))
            metadata = _json(tar, members, METADATA)
            ours = _json(tar, members, OURS) if any(_name(member) == OURS for member in members) else {}
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ModelRefused("The file is not a model archive.") from error
    components = frozenset(allowed.short(name) for name in _checked_nodes(metadata))
    _check_slots(metadata.get("domain") or {})
    probes = ours.get("probes") or []
    return Contents(components, tuple(text for text in probes if isinstance(text, str)))


def _safe_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    unpacked = 0
    for count, member in enumerate(tar, start=1):
        unpacked += member.size
        if count > MOST_MEMBERS or unpacked > LARGEST_ARCHIVE:
            raise ModelRefused("The archive is too large.")
        if not (member.isfile() or member.isdir()):
            raise ModelRefused(f"The archive holds a link or a device: {member.name}")
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
            raise ModelRefused(f"The archive holds an unsafe path: {member.name}")
        yield member


def _name(member: tarfile.TarInfo) -> str:
    return str(PurePosixPath(member.name))


def _json(tar: tarfile.TarFile, members: list[tarfile.TarInfo], name: str) -> Json:
    found = [member for member in members if _name(member) == name]
    if len(found) != 1 or found[0].size > LARGEST_METADATA:
        raise ModelRefused(f"The archive has no readable {name}.")
    file = tar.extractfile(found[0])
    content = json.load(file) if file else None
    if not isinstance(content, dict):
        raise ModelRefused(f"The archive has no readable {name}.")
    return content


def _checked_nodes(metadata: Json) -> Iterator[str]:
    for schema in ("train_schema", "predict_schema"):
        nodes = (metadata.get(schema) or {}).get("nodes")
        if not isinstance(nodes, dict):
            raise ModelRefused(f"The archive's {METADATA} has no {schema}.")
        for name, node in nodes.items():
            _check_node(name, node)
            yield str(node["uses"])


def _check_node(name: str, node: Any) -> None:
    if not isinstance(node, dict):
        raise ModelRefused(f"The archive's step '{name}' is unreadable.")
    uses = str(node.get("uses"))
    if uses not in allowed.GRAPH and not allowed.is_ours(uses):
        raise ModelRefused(f"The archive wants to run '{uses}', which is not allowed.")
    if allowed.short(uses) == allowed.DUCKLING and not settings.DUCKLING_URL:
        raise ModelRefused("The model asks a Duckling server; set DUCKLING_URL to allow that.")
    if node.get("constructor_name") not in allowed.CONSTRUCTORS or node.get("fn") not in allowed.FUNCTIONS:
        raise ModelRefused(f"The archive wants to call '{node.get('fn')}' of '{uses}', which is not allowed.")
    resource = (node.get("resource") or {}).get("name", "")
    if "/" in resource or "\\" in resource or resource in (".", ".."):
        raise ModelRefused(f"The archive names an unsafe resource: {resource}")
    _check_names(uses, node.get("config") or {})


def _check_names(uses: str, config: Any) -> None:
    """Classes that a component's own configuration names: a policy's featurizers."""
    if isinstance(config, list):
        for item in config:
            _check_names(uses, item)
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if key in ("featurizer", "state_featurizer"):
            _check_featurizers(uses, value)
        _check_names(uses, value)


def _check_featurizers(uses: str, featurizers: Any) -> None:
    for featurizer in featurizers if isinstance(featurizers, list) else [featurizers]:
        name = featurizer.get("name") if isinstance(featurizer, dict) else featurizer
        if name is not None and name not in allowed.FEATURIZERS:
            raise ModelRefused(f"'{uses}' wants the featurizer '{name}', which is not allowed.")


def _check_slots(domain: Json) -> None:
    for name, slot in (domain.get("slots") or {}).items():
        kind = slot.get("type") if isinstance(slot, dict) else None
        if kind not in allowed.SLOT_TYPES:
            raise ModelRefused(f"The slot '{name}' is of type '{kind}', which is not allowed.")
