"""The regular expressions and the examples of a project that are more than the engine takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from assistant.engine.regexes.catastrophic import is_catastrophic
from assistant.engine.regexes.matching import UnusableRegex, compile_regex
from training.bundles.yaml_documents import Document, UnreadableYaml, line_of, nodes, read_document
from training.validation import LONGEST_TEXT

MOST_TRIED = 500  # expressions of a file: one takes 50 ms at most, most of them 5
TOKEN_PATTERN = "token_pattern"  # noqa: S105  a component's parameter, which is one as well
ENDLESS = "takes years on some messages, for parts of it match the same text in many ways; there it finds nothing"


@dataclass(frozen=True)
class LocatedText:
    """An expression or an example, and where it stands. `line` counts from 1."""

    name: str
    text: str
    line: int


def regex_faults(document: Document) -> Iterator[tuple[LocatedText, str, bool]]:
    """Regular expressions, what is wrong with each, and whether training fails on it."""
    for number, regex in enumerate(regexes_in(document)):
        try:
            compile_regex(regex.text)
        except UnusableRegex as reason:
            fails = "no regular expression" in str(reason)
            yield regex, str(reason), fails
            continue
        if number < MOST_TRIED and is_catastrophic(regex.text):
            yield regex, f"it {ENDLESS}", False


def endless_regexes_in(files: Mapping[str, str]) -> list[tuple[str, LocatedText]]:
    """The regular expressions of a bot's files that may never end, by the path."""
    found = []
    for path, text in sorted(files.items()):
        try:
            document = read_document(text)
        except UnreadableYaml:
            continue
        found += [(path, regex) for regex, reason, _ in regex_faults(document) if ENDLESS in reason]
    return found


def regexes_in(document: Document) -> Iterator[LocatedText]:
    """Those of `regex:` in the data, and how a tokenizer of the pipeline splits words."""
    for entry in _nlu_entries(document):
        if "regex" in entry and "examples" in entry:
            yield from _lines(entry["regex"].value, entry["examples"])
    if "pipeline" not in document.sections:
        return
    for node in nodes(document.root):
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.value == TOKEN_PATTERN and isinstance(value, yaml.ScalarNode):
                yield LocatedText(TOKEN_PATTERN, value.value, line_of(value))


def too_long_examples(document: Document) -> Iterator[LocatedText]:
    """Those that no message can be, which are slow to learn from besides."""
    for entry in _nlu_entries(document):
        name = next((entry[kind].value for kind in ("intent", "regex", "lookup", "synonym") if kind in entry), "")
        for example in _lines(name, entry["examples"]) if "examples" in entry else ():
            if len(example.text) > LONGEST_TEXT:
                yield example


def _nlu_entries(document: Document) -> Iterator[dict[str, yaml.Node]]:
    listed = document.sections.get("nlu")
    for entry in listed.value if isinstance(listed, yaml.SequenceNode) else ():
        if isinstance(entry, yaml.MappingNode):
            yield {str(key.value): value for key, value in entry.value}


def _lines(name: str, examples: yaml.Node) -> Iterator[LocatedText]:
    """The items of a list, or of a text that looks like one."""
    if isinstance(examples, yaml.SequenceNode):
        for node in nodes(examples):
            if isinstance(node, yaml.ScalarNode):
                yield LocatedText(name, node.value, line_of(node))
        return
    # A block's first line is the one after its `|`.
    is_block = isinstance(examples, yaml.ScalarNode) and examples.style in ("|", ">")
    first = line_of(examples) + is_block
    for number, line in enumerate(str(examples.value).splitlines()):
        if line.lstrip().startswith("-"):
            yield LocatedText(name, line.lstrip()[1:].strip(), first + number)
