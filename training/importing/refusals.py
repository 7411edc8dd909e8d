"""What of a project the engine refuses, item by item: the engine itself stops at the first one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from assistant.engine import Bundle, TrainingFailed
from assistant.engine.bundles import CONFIG, check_bundle
from training.bundles.yaml_documents import Document, nodes

LISTS = ("pipeline", "policies", "importers")
BROKEN = "not valid YAML"  # a part may lack the anchors that it names
WHERE = re.compile(r".*, line (\d+): (.*?)\.?", re.DOTALL)


def refusals(path: str, text: str, document: Document) -> list[tuple[int, str]]:
    """Lines and reasons."""
    first = _refusal(path, text) if path == CONFIG or "slots" in document.sections else None
    if first is None:
        return []
    found = {refusal for part in _parts(path, text, document) if (refusal := _refusal(path, part))}
    return sorted(refusal for refusal in found if BROKEN not in refusal[1]) or [first]


def _refusal(path: str, text: str) -> tuple[int, str] | None:
    try:
        check_bundle(Bundle({CONFIG: "", path: text}))
    except TrainingFailed as error:
        where = WHERE.fullmatch(error.message)
        return (int(where[1]), where[2]) if where else (0, error.message)
    return None


def _parts(path: str, text: str, document: Document) -> Iterator[str]:
    """The text with one slot at a time; or, of a config, without its lists, then with one item of one list at a time.
    All other lines are empty: lines keep their numbers."""
    if path != CONFIG:
        slots = document.sections["slots"]
        for name, slot in slots.value if isinstance(slots, yaml.MappingNode) else []:
            yield _only(text, [*_with_key(document, "slots", name), *_lines_of(slot)])
        return
    others = [name for name in document.sections if name not in LISTS]
    yield _only(text, [line for name in others for line in _with_key(document, name, document.sections[name])])
    for name in LISTS:
        node = document.sections.get(name)
        items = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
        for item in items:
            yield _only(text, _with_key(document, name, item))


def _with_key(document: Document, section: str, node: yaml.Node) -> list[int]:
    return [document.starts[section] - 1, *_lines_of(node)]


def _lines_of(node: yaml.Node) -> range:
    """Counted from 0. The end of a block is not marked: it is the end of the last thing in it."""
    last = node.start_mark.line
    for part in nodes(node):
        if isinstance(part, yaml.CollectionNode) and not part.flow_style:
            continue
        # The mark of a text in a block is at the line after it.
        is_block = isinstance(part, yaml.ScalarNode) and part.style in ("|", ">")
        last = max(last, int(part.end_mark.line) - is_block)
    return range(node.start_mark.line, last + 1)


def _only(text: str, lines: list[int]) -> str:
    kept = set(lines)
    return "\n".join(line if number in kept else "" for number, line in enumerate(text.splitlines()))
