"""YAML files as plain data, and back, so that what is not changed is written as it was read."""

from __future__ import annotations

import re
from typing import Any

import yaml

from training.importing_yaml import read_document

# Rasa turns `\uXXXX` in a file of ASCII only into characters before it reads the YAML: no file of ours is ASCII only.
HEADING = "# Put together by Frontdesk · what staff taught stands in data/taught.yml\n"
NAME = re.compile(r"[A-Za-z_][\w/-]*", re.ASCII)
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}


class Word(str):
    """A scalar of a file. It remembers how it was written: `yes` and `"yes"` need not be the same."""

    __slots__ = ("node",)
    node: yaml.ScalarNode


class Block(str):
    """Lines to be written as a block, `|`."""

    __slots__ = ()


def read_yaml(text: str) -> dict[str, Any]:
    """Scalars are Words. Aliases are the same object. Raises UnreadableYaml."""
    data = _plain(read_document(text).root, {})
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


def _plain(node: yaml.Node, known: dict[int, Any]) -> Any:
    if id(node) not in known:
        known[id(node)] = _built(node, known)
    return known[id(node)]


def _built(node: yaml.Node, known: dict[int, Any]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_plain(key, known): _plain(value, known) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, known) for item in node.value]
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
