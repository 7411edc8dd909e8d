"""YAML that somebody else wrote, within limits: as nodes that know their lines, and as plain data that can be written
back as it was read. Nothing is built from it but texts, lists and dictionaries.

The engine reads a bundle once more, with Rasa's own reader (`assistant.engine.bundles`)."""

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
# Rasa turns `\uXXXX` in a file of ASCII only into characters before it reads the YAML: no file of ours is ASCII only.
HEADING = "# Put together by Frontdesk · what staff taught stands in data/taught.yml\n"
NAME = re.compile(r"[A-Za-z_][\w/-]*", re.ASCII)
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
# What YAML 1.2 takes for nothing and for booleans. In 1.1, which PyYAML knows, `yes` and `off` are booleans, too.
CONSTANTS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


class UnreadableYaml(Exception):
    """`line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


class Word(str):
    """A scalar of a file. It remembers how it was written: `yes` and `"yes"` need not be the same."""

    __slots__ = ("node",)
    node: yaml.ScalarNode


class Block(str):
    """Lines to be written as a block, `|`."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """A YAML file whose top is a mapping. All scalars are Words."""

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
        return as_list(self.get(section))

    def names(self, section: str) -> list[str]:
        """Of a list like `- greet` or `- greet: {...}`, or of a mapping's keys."""
        value = self.get(section)
        if isinstance(value, dict):
            return list(value)
        return [next(iter(item)) if isinstance(item, dict) and item else str(item) for item in as_list(value)]

    def environment_variables(self) -> Iterator[tuple[str, int]]:
        """Rasa fills in `${NAME}` in unquoted texts while it reads a file."""
        for node in nodes(self.root):
            unquoted = isinstance(node, yaml.ScalarNode) and not node.style
            if unquoted and (found := ENVIRONMENT_VARIABLE.search(node.value)):
                yield found[1], line_of(node)


def read_document(text: str) -> Document:
    """Raises UnreadableYaml."""
    try:
        _check_size(text)
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
    for node in nodes(root):
        if not node.tag.startswith(CORE_TAGS) or ":python/" in node.tag:
            raise UnreadableYaml(f"the tag {node.tag} is not allowed", line_of(node))
    return Document(root)


def read_yaml(text: str) -> dict[str, Any]:
    """Scalars are Words. Raises UnreadableYaml."""
    data = plain(read_document(text).root)
    assert isinstance(data, dict)
    return data


def write_yaml(data: Any) -> str:
    return HEADING + yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9)


def plain(node: yaml.Node, known: dict[int, Any] | None = None) -> Any:
    """As dictionaries, lists and Words. An alias is the same object as what it stands for, which is how `write_yaml`
    knows it."""
    known = {} if known is None else known
    if id(node) in known:
        return known[id(node)]
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = {}
        for key, item in node.value:
            # A key that is a list or a mapping is none that Rasa knows; written out, it does no harm.
            name = plain(key, known)
            value[name if isinstance(name, Word) else str(name)] = plain(item, known)
    elif isinstance(node, yaml.SequenceNode):
        value = [plain(item, known) for item in node.value]
    else:
        value = Word(node.value)
        value.node = node
    known[id(node)] = value
    return value


def with_types(value: Any) -> Any:
    """The same with numbers, booleans and nothing where YAML 1.2 has them: what JSON keeps."""
    if isinstance(value, dict):
        return {storable_text(key): with_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_types(item) for item in value]
    if isinstance(value, Word) and not value.node.style:
        if value in CONSTANTS:
            return CONSTANTS[value]
        if NUMBER.fullmatch(value):
            return int(value) if value.lstrip("+-").isdecimal() else float(value)
    return storable_text(value)


def storable_text(text: str) -> str:
    """Without what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def as_list(value: Any) -> list[Any]:
    """Empty for what is no list."""
    return value if isinstance(value, list) else []


def line_of(node: yaml.Node) -> int:
    """Counted from 1."""
    return int(node.start_mark.line) + 1


def nodes(top: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, aliases or not."""
    waiting, seen = [top], {id(top)}
    while waiting:
        node = waiting.pop()
        yield node
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        for child in children:
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _check_size(text: str) -> None:
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
            # An alias inside of what it stands for is not known yet, and endless.
            sizes[-1] += anchors.get(event.anchor or "", MAX_VALUES)
        elif isinstance(event, yaml.ScalarEvent):
            sizes[-1] += 1
            anchors[event.anchor or ""] = 1
        if len(sizes) > MAX_DEPTH or sizes[-1] > MAX_VALUES:
            mark: Any = event.start_mark
            raise UnreadableYaml("too deep or too large", int(mark.line) + 1)


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


TEXT = f"{CORE_TAGS}str"
# Quoted, unless it is a name: no reader takes it for anything else then.
_Dumper.add_representer(str, lambda to, text: to.represent_scalar(TEXT, text, None if NAME.fullmatch(text) else '"'))
_Dumper.add_representer(Block, lambda to, text: to.represent_scalar(TEXT, str(text), "|"))
# As it stood in the file.
_Dumper.add_representer(Word, lambda to, word: yaml.ScalarNode(word.node.tag, word.node.value, style=word.node.style))
