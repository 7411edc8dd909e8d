"""Intents that were renamed, merged or deleted, in what the files say of them: rules, stories, domain, buttons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from training.bundles.types import RenamedIntent

PAYLOAD = re.compile(r"/([^{\s@]+)(.*)", re.DOTALL)
Data = dict[str, Any]


def current_name(name: str, changes: Iterable[RenamedIntent]) -> str:
    """Empty where the intent was deleted."""
    for change in changes:
        if name and name == change.old:
            name = change.new
    return name


def changed(data: Data, changes: Sequence[RenamedIntent]) -> Data:
    """A whole file, after all changes in their order."""
    for change in changes:
        data = {section: _changed(section, value, change) for section, value in data.items()}
    return data


def rename_in_buttons(value: Any, changes: Sequence[RenamedIntent]) -> Any:
    """Variations of a response whose buttons name the intents as they are called now."""
    if isinstance(value, list):
        return [rename_in_buttons(item, changes) for item in value]
    if isinstance(value, dict):
        return {key: _payload(key, item, changes) for key, item in value.items()}
    return value


def intent_of_payload(payload: Any) -> str:
    """`greet` of `/greet{"name": "x"}`; empty where it is a text to be understood."""
    found = PAYLOAD.fullmatch(payload) if isinstance(payload, str) else None
    return found[1] if found else ""


def _payload(key: str, value: Any, changes: Sequence[RenamedIntent]) -> Any:
    if key != "payload" or not isinstance(value, str):
        return rename_in_buttons(value, changes)
    old = intent_of_payload(value)
    new = current_name(old, changes)
    return f"/{new}{value[1 + len(old) :]}" if new and new != old else value


def _changed(section: str, value: Any, change: RenamedIntent) -> Any:
    if section in ("rules", "stories") and isinstance(value, list):
        return [kept for item in value if (kept := _path(item, change)) is not None]
    if section == "intents" and isinstance(value, list):
        return [kept for item in value if (kept := _named(item, change)) is not None]
    if section in ("slots", "forms") and isinstance(value, dict):
        return {name: _slot_or_form(item, change) for name, item in value.items()}
    if section == "pipeline" and isinstance(value, list):
        return [_component(item, change) for item in value]
    return value


# --- rules and stories


def _path(path: Any, change: RenamedIntent) -> Any:
    """None where it names an intent whose rules are left out."""
    if not isinstance(path, dict) or not isinstance(path.get("steps"), list):
        return path
    steps = [_step(step, change) for step in path["steps"]]
    return None if None in steps else {**path, "steps": steps}


def _step(step: Any, change: RenamedIntent) -> Any:
    if not isinstance(step, dict):
        return step
    if isinstance(step.get("or"), list):
        ways = [way for item in step["or"] if (way := _step(item, change)) is not None]
        return {**step, "or": ways} if ways else None
    named = str(step.get("intent", "")).lstrip("/") == change.old
    said = intent_of_payload(str(step.get("user", "")).strip()) == change.old
    if not (named or said):
        return step
    if not change.keeps_rules:
        return None
    renamed = {"intent": change.new} if named else {}
    return {**step, **renamed, **({"user": _said(step["user"], change)} if said else {})}


def _said(text: str, change: RenamedIntent) -> str:
    return text.replace(f"/{change.old}", f"/{change.new}", 1)


# --- the domain and the pipeline


def _named(item: Any, change: RenamedIntent) -> Any:
    """Of a list like `- greet` or `- greet: {use_entities: []}`."""
    name = next(iter(item), "") if isinstance(item, dict) else item
    if name != change.old:
        return item
    if not change.new or not change.keeps_rules:
        return None
    return {change.new: item[name]} if isinstance(item, dict) else change.new


def _slot_or_form(item: Any, change: RenamedIntent) -> Any:
    if not isinstance(item, dict):
        return item
    item = _with_names(item, "ignored_intents", change)
    if not isinstance(item.get("mappings"), list):
        return item
    kept = [new for mapping in item["mappings"] if (new := _mapping(mapping, change)) is not None]
    return {**item, "mappings": kept or [{"type": "custom"}]}


def _mapping(mapping: Any, change: RenamedIntent) -> Any:
    """None where it was to hold for intents that are gone: without them it would hold for all."""
    if not isinstance(mapping, dict):
        return mapping
    mapping = _with_names(mapping, "not_intent", change)
    narrowed = _with_names(mapping, "intent", change)
    return None if "intent" in mapping and "intent" not in narrowed else narrowed


def _with_names(item: Data, key: str, change: RenamedIntent) -> Data:
    """A name or a list of them, renamed; the key goes with the last of them."""
    value = item.get(key)
    names = value if isinstance(value, list) else [value]
    if change.old not in names:
        return item
    new = list(dict.fromkeys(name for it in names if (name := change.new if it == change.old else it)))
    rest = {name: content for name, content in item.items() if name != key}
    return {**rest, key: new if isinstance(value, list) else new[0]} if new else rest


def _component(item: Any, change: RenamedIntent) -> Any:
    renames = isinstance(item, dict) and item.get("retrieval_intent") == change.old and change.new
    return {**item, "retrieval_intent": change.new} if renames else item
