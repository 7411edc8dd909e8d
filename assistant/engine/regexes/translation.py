"""A regular expression of `re`, written so that the `regex` module finds the same by it.

They differ in what is a letter of a word or a blank, and `regex` knows constructs that are plain characters to `re`.
"""

from __future__ import annotations

import re
import sre_constants as sre
import sre_parse
from collections.abc import Iterable, Iterator
from typing import Any

WORD, DIGIT, BLANK = r"\p{L}\p{N}_", r"\p{Nd}", r"\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
CATEGORIES = {
    sre.CATEGORY_WORD: WORD,
    sre.CATEGORY_NOT_WORD: WORD,
    sre.CATEGORY_DIGIT: DIGIT,
    sre.CATEGORY_NOT_DIGIT: DIGIT,
    sre.CATEGORY_SPACE: BLANK,
    sre.CATEGORY_NOT_SPACE: BLANK,
}
IN_ASCII = {WORD: "a-zA-Z0-9_", DIGIT: "0-9", BLANK: r"\t-\r "}
OPPOSITES = {sre.CATEGORY_NOT_WORD, sre.CATEGORY_NOT_DIGIT, sre.CATEGORY_NOT_SPACE}
PLACES = {
    sre.AT_BEGINNING: "^",
    sre.AT_BEGINNING_STRING: r"\A",
    sre.AT_END: "$",
    sre.AT_END_STRING: r"\Z",
}
SCOPED = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}


def translate(parsed: Any) -> str:
    """`parsed`: what `sre_parse.parse` gives."""
    return _Writer(bool(parsed.state.flags & re.ASCII)).sequence(parsed)


def subpatterns(value: Any) -> Iterator[Any]:
    """The expressions in what a parsed part says."""
    if isinstance(value, sre_parse.SubPattern):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from subpatterns(each)


class _Writer:
    """Has a method for each kind of part, `write_` and the name of the kind."""

    def __init__(self, ascii_only: bool) -> None:
        self._ascii_only = ascii_only

    def sequence(self, parts: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self.part(kind, value) for kind, value in parts)

    def part(self, kind: Any, value: Any) -> str:
        name = str(kind).lower()
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inside = value
            times = f"{{{least},{'' if most is sre.MAXREPEAT else most}}}"
            return f"(?:{self.sequence(inside)}){times}{'?' if kind is sre.MIN_REPEAT else ''}"
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            way, inside = value
            return f"(?{'<' if way < 0 else ''}{'=' if kind is sre.ASSERT else '!'}{self.sequence(inside)})"
        written: str = getattr(self, f"write_{name}")(value)
        return written

    def write_literal(self, character: int) -> str:
        return _escaped(character)

    def write_not_literal(self, character: int) -> str:
        return f"[^{_escaped(character)}]"

    def write_any(self, _: None) -> str:
        return "."

    def write_at(self, place: Any) -> str:
        if place in PLACES:
            return PLACES[place]
        word = f"[{self.category(WORD)}]"
        if place is sre.AT_BOUNDARY:
            return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
        return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"

    def write_in(self, items: list[tuple[Any, Any]]) -> str:
        """A class. What it says by opposites (`[^\\W_]`) stands beside, for a class can't hold another."""
        negated = items[0][0] is sre.NEGATE
        plain = "".join(self.item(*item) for item in items if item[1] not in OPPOSITES)
        opposites = [f"[{self.category(CATEGORIES[value])}]" for _, value in items if value in OPPOSITES]
        if not opposites:
            return f"[{'^' * negated}{plain}]"
        if negated:
            *others, last = opposites
            return f"(?:{f'(?![{plain}])' if plain else ''}{''.join(f'(?={each})' for each in others)}{last})"
        choices = [f"[{plain}]"] * bool(plain) + [f"[^{each[1:]}" for each in opposites]
        return f"(?:{'|'.join(choices)})"

    def item(self, kind: Any, value: Any) -> str:
        if kind is sre.NEGATE:
            return ""
        if kind is sre.RANGE:
            return f"{_escaped(value[0])}-{_escaped(value[1])}"
        return self.category(CATEGORIES[value]) if kind is sre.CATEGORY else _escaped(value)

    def category(self, name: str) -> str:
        return IN_ASCII[name] if self._ascii_only else name

    def write_branch(self, value: tuple[None, list[Any]]) -> str:
        return f"(?:{'|'.join(self.sequence(choice) for choice in value[1])})"

    def write_subpattern(self, value: tuple[int | None, int, int, Any]) -> str:
        group, added, removed, inside = value
        if group is not None:
            return f"({self.sequence(inside)})"
        flags = _flags(added) + (f"-{_flags(removed)}" if removed else "")
        writer = self if not added & (re.ASCII | re.UNICODE) else _Writer(bool(added & re.ASCII))
        return f"(?{flags}:{writer.sequence(inside)})"

    def write_groupref(self, group: int) -> str:
        return rf"(?:\g<{group}>)"

    def write_groupref_exists(self, value: tuple[int, Any, Any]) -> str:
        group, yes, no = value
        return f"(?({group}){self.sequence(yes)}|{self.sequence(no or [])})"


def _flags(value: int) -> str:
    return "".join(letter for flag, letter in SCOPED.items() if value & flag)


def _escaped(character: int) -> str:
    return f"\\U{character:08x}"
