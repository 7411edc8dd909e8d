"""Intents that were renamed, merged or deleted, in what the files say of them: rules, stories, domain, buttons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PAYLOAD = re.compile(r"/([^{\s@]+)(.*)", re.DOTALL)
Data = dict[str, Any]


@dataclass(frozen=True)
class RenamedIntent:
    """What the row of an `IntentChange` says. `new` is empty where the intent was deleted."""

    old: str
    new: str
    keeps_rules: bool


def current_name(name: str, renamed: Iterable[RenamedIntent]) -> str:
    """Empty where the intent was deleted."""
    for change in renamed:
        if name and name == change.old:
            name = change.new
    return name


def rename_in_file(data: Data, renamed: Sequence[RenamedIntent]) -> Data:
    """A whole file, after all changes in their order."""
    for change in renamed:
        data = dict(data)
        for section, content in data.items():
            if section in IN_LISTS and isinstance(content, list):
                items = [IN_LISTS[section](item, change) for item in content]
                data[section] = [item for item in items if item is not None]
            elif section in IN_MAPPINGS and isinstance(content, dict):
                data[section] = {name: IN_MAPPINGS[section](item, change) for name, item in content.items()}
    return data


def rename_in_buttons(value: Any, renamed: Sequence[RenamedIntent]) -> Any:
    """Variations of a response whose buttons name the intents as they are called now."""
    if isinstance(value, list):
        return [rename_in_buttons(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    content = {key: rename_in_buttons(item, renamed) for key, item in value.items()}
    old = intent_of_payload(value.get("payload"))
    new = current_name(old, renamed)
    if new and new != old:
        content["payload"] = f"/{new}{value['payload'][1 + len(old) :]}"
    return content


def intent_of_payload(payload: Any) -> str:
    """`greet` of `/greet{"name": "x"}`; empty where it is a text to be understood."""
    found = PAYLOAD.fullmatch(payload) if isinstance(payload, str) else None
    return found[1] if found else ""


def _in_rule(rule: Any, change: RenamedIntent) -> Any:
    """A rule or a story; None where it names an intent whose rules are left out."""
    if not isinstance(rule, dict) or not isinstance(rule.get("steps"), list):
        return rule
    steps = [_in_step(step, change) for step in rule["steps"]]
    return None if None in steps else {**rule, "steps": steps}


def _in_step(step: Any, change: RenamedIntent) -> Any:
    if not isinstance(step, dict):
        return step
    if isinstance(step.get("or"), list):
        ways = [way for item in step["or"] if (way := _in_step(item, change)) is not None]
        return {**step, "or": ways} if ways else None
    has_intent = str(step.get("intent", "")).lstrip("/") == change.old
    # End-to-end stories may have a payload in place of the visitor's words.
    has_payload = intent_of_payload(str(step.get("user", "")).strip()) == change.old
    if (has_intent or has_payload) and not change.keeps_rules:
        return None
    renamed = {"intent": change.new} if has_intent else {}
    if has_payload:
        renamed["user"] = step["user"].replace(f"/{change.old}", f"/{change.new}", 1)
    return {**step, **renamed} if renamed else step


def _in_list(item: Any, change: RenamedIntent) -> Any:
    """An item of a list like `- greet` or `- greet: {use_entities: []}`; None where it goes."""
    name = next(iter(item), "") if isinstance(item, dict) else item
    if name != change.old:
        return item
    if not change.new or not change.keeps_rules:
        return None
    return {change.new: item[name]} if isinstance(item, dict) else change.new


def _in_component(item: Any, change: RenamedIntent) -> Any:
    """A ResponseSelector of one retrieval intent. Of one that was deleted, training says that it has no examples."""
    renames = change.new and isinstance(item, dict) and item.get("retrieval_intent") == change.old
    return {**item, "retrieval_intent": change.new} if renames else item


def _in_slot_or_form(item: Any, change: RenamedIntent) -> Any:
    if not isinstance(item, dict):
        return item
    item = _in_names(item, "ignored_intents", change)
    if not isinstance(item.get("mappings"), list):
        return item
    mappings = []
    for mapping in item["mappings"]:
        if not isinstance(mapping, dict):
            mappings.append(mapping)
            continue
        renamed = _in_names(_in_names(mapping, "not_intent", change), "intent", change)
        # One that held for intents that are gone would hold for all without them.
        if "intent" in renamed or "intent" not in mapping:
            mappings.append(renamed)
    return {**item, "mappings": mappings or [{"type": "custom"}]}


def _in_names(item: Data, key: str, change: RenamedIntent) -> Data:
    """Where the key has a name or a list of them. The key goes with the last of them."""
    value = item.get(key)
    names = value if isinstance(value, list) else [value]
    if change.old not in names:
        return item
    new = list(dict.fromkeys(name for it in names if (name := change.new if it == change.old else it)))
    rest = {name: content for name, content in item.items() if name != key}
    return {**rest, key: new if isinstance(value, list) else new[0]} if new else rest


Renamer = Callable[[Any, RenamedIntent], Any]
"""Of an item of a section: as it is with the new name, None where it goes."""
IN_LISTS: dict[str, Renamer] = {
    "rules": _in_rule,
    "stories": _in_rule,
    "intents": _in_list,
    "pipeline": _in_component,
}
IN_MAPPINGS: dict[str, Renamer] = {"slots": _in_slot_or_form, "forms": _in_slot_or_form}
