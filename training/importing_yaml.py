"""YAML that somebody else wrote: read without building anything but plain text, lists and dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

MAX_DEPTH = 60
MAX_VALUES = 1_000_000  # aliases written out
CORE_TAGS = "tag:yaml.org,2002:"
ENVIRONMENT_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class UnreadableYaml(Exception):
    """`line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(frozen=True)
class Document:
    """A YAML file whose top is a mapping. All scalars are texts."""

    root: yaml.MappingNode

    @cached_property
    def sections(self) -> dict[str, yaml.Node]:
        return {key.value: value for key, value in self.root.value if isinstance(key, yaml.ScalarNode)}

    @cached_property
    def starts(self) -> dict[str, int]:
        """The line of each top-level key, in the file's order."""
        return {key.value: line_of(key) for key, _ in self.root.value if isinstance(key, yaml.ScalarNode)}

    def get(self, section: str) -> Any:
        return plain(self.sections[section]) if section in self.sections else None

    def items(self, section: str) -> list[Any]:
        value = self.get(section)
        return value if isinstance(value, list) else []

    def names(self, section: str) -> list[str]:
        """Of a list like `- greet` or `- greet: {...}`, or of a mapping's keys."""
        value = self.get(section)
        if isinstance(value, dict):
            return list(value)
        return [next(iter(item)) if isinstance(item, dict) and item else str(item) for item in self.items(section)]

    def environment_variables(self) -> Iterator[tuple[str, int]]:
        """Rasa fills in `${NAME}` in unquoted texts while it reads a file."""
        for node in nodes(self.root):
            plain_text = isinstance(node, yaml.ScalarNode) and not node.style
            if plain_text and (found := ENVIRONMENT_VARIABLE.search(node.value)):
                yield found[1], line_of(node)


def read_document(text: str) -> Document:
    """Raises UnreadableYaml."""
    try:
        _check_shape(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableYaml(f"not YAML: {error.problem}", mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableYaml(f"a character that YAML forbids (#x{error.character:04x})", line) from None
    if root is None:
        return Document(yaml.MappingNode(f"{CORE_TAGS}map", []))
    if not isinstance(root, yaml.MappingNode):
        raise UnreadableYaml("not a mapping of sections like nlu: or stories:", 1)
    _check_tags(root)
    return Document(root)


def plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(plain(key)): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.value


def line_of(node: yaml.Node) -> int:
    return _line(node.start_mark)


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def nodes(top: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, aliases or not."""
    waiting, seen = [top], {id(top)}
    while waiting:
        node = waiting.pop()
        yield node
        for child in _children(node):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _check_tags(root: yaml.Node) -> None:
    for node in nodes(root):
        if not node.tag.startswith(CORE_TAGS) or ":python/" in node.tag:
            raise UnreadableYaml(f"the tag {node.tag} is not allowed", line_of(node))


def _check_shape(text: str) -> None:
    """Deep nesting crashes the parser; aliases of aliases fill the memory of whoever writes them out."""
    sizes, names, anchors = [0], [""], dict[str, int]()
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            sizes.append(1)
            names.append(event.anchor or "")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchors[names.pop()] = size = sizes.pop()
            sizes[-1] += size
        elif isinstance(event, yaml.AliasEvent):
            sizes[-1] += anchors.get(event.anchor or "", MAX_VALUES)
        elif isinstance(event, yaml.ScalarEvent):
            sizes[-1] += 1
            anchors[event.anchor or ""] = 1
        if len(sizes) > MAX_DEPTH or sizes[-1] > MAX_VALUES:
            raise UnreadableYaml("too deep or too large", _line(event.start_mark))
