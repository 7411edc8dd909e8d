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
    parts = _parts_of_config(text, document) if path == CONFIG else _slots(text, document)
    found = {refusal for part in parts if (refusal := _refusal(path, part))}
    return sorted(refusal for refusal in found if BROKEN not in refusal[1]) or [first]


def _refusal(path: str, text: str) -> tuple[int, str] | None:
    try:
        check_bundle(Bundle({CONFIG: "", path: text}))
    except TrainingFailed as error:
        where = WHERE.fullmatch(error.message)
        return (int(where[1]), where[2]) if where else (0, error.message)
    return None


def _parts_of_config(text: str, document: Document) -> Iterator[str]:
    """The config without its lists, then with one item of one list at a time. Lines keep their numbers."""
    lists = {name: document.sections[name] for name in LISTS if name in document.sections}
    kept = [_lines(document, name) for name in document.sections if name not in lists]
    yield _only(text, [line for lines in kept for line in lines])
    for name, node in lists.items():
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for item in items:
            yield _only(text, [document.starts[name] - 1, *_lines_of(item)])


def _slots(text: str, document: Document) -> Iterator[str]:
    slots = document.sections["slots"]
    for name, slot in slots.value if isinstance(slots, yaml.MappingNode) else []:
        yield _only(text, [document.starts["slots"] - 1, *_lines_of(name), *_lines_of(slot)])


def _lines(document: Document, section: str) -> list[int]:
    return [document.starts[section] - 1, *_lines_of(document.sections[section])]


def _lines_of(node: yaml.Node) -> range:
    """Counted from 0. The end of a block is not marked: it is the end of the last thing in it."""
    ends = [_last_line(part) for part in nodes(node) if not _is_block(part)]
    return range(node.start_mark.line, max(ends, default=node.start_mark.line) + 1)


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _last_line(node: yaml.Node) -> int:
    after = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return int(node.end_mark.line) - after


def _only(text: str, lines: list[int]) -> str:
    kept = set(lines)
    return "\n".join(line if number in kept else "" for number, line in enumerate(text.splitlines()))
