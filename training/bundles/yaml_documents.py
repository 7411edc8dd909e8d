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
# Rasa turns `\uXXXX` in a file of ASCII only into characters before it reads the YAML: no file of ours is ASCII only.
HEADING = "# Put together by Frontdesk · what staff taught stands in data/taught.yml\n"
NAME = re.compile(r"[A-Za-z_][\w/-]*", re.ASCII)
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


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


class Word(str):
    """A scalar of a file. It remembers how it was written: `yes` and `"yes"` need not be the same."""

    __slots__ = ("node",)
    node: yaml.ScalarNode


class Block(str):
    """Lines to be written as a block, `|`."""

    __slots__ = ()


def read_yaml(text: str) -> dict[str, Any]:
    """Scalars are Words. Aliases are the same object. Raises UnreadableYaml."""
    data = _with_words(read_document(text).root, {})
    assert isinstance(data, dict)
    return data


def write_yaml(data: Any) -> str:
    return HEADING + yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9)


def typed(value: Any) -> Any:
    """The same with numbers, booleans and nothing where YAML 1.2 has them: what JSON keeps."""
    if isinstance(value, dict):
        return {clean(key): typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return _scalar(value) if isinstance(value, Word) and not value.node.style else clean(value)


def clean(text: str) -> str:
    """Without what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _scalar(word: Word) -> Any:
    if word in WORDS:
        return WORDS[word]
    if NUMBER.fullmatch(word):
        return int(word) if word.lstrip("+-").isdecimal() else float(word)
    return clean(word)


def _with_words(node: yaml.Node, known: dict[int, Any]) -> Any:
    if id(node) not in known:
        known[id(node)] = _built(node, known)
    return known[id(node)]


def _built(node: yaml.Node, known: dict[int, Any]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_with_words(key, known): _with_words(value, known) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_with_words(item, known) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    word = Word(node.value)
    word.node = node
    return word


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Quoted, unless it is a name: no reader takes it for anything else then."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if NAME.fullmatch(text) else '"')


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), "|")


def _word(dumper: yaml.SafeDumper, word: Word) -> yaml.Node:
    return yaml.ScalarNode(word.node.tag, word.node.value, style=word.node.style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Block, _block)
_Dumper.add_representer(Word, _word)
