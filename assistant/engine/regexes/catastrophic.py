"""Finds catastrophic backtracking: regular expressions that take longer with every character, until they never end.

An expression is tried on texts made from itself, by a plain backtracking matcher like the one of `re`, which counts its
steps: where 24 times the same few characters take it past any polynomial of a low degree, 60 take it years. Counting
needs no clock, so the same is found on every machine. Nothing here imports Rasa.
"""

from __future__ import annotations

import re
import sre_constants as sre
import sre_parse
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from assistant.engine.regexes.translation import subpatterns

TIMES = 24
MOST_STEPS = 30_000  # for one text
MOST_TEXTS = 150  # tried of one expression
MANY = 10  # times at least that something is repeated before it is tried
SPOILERS = ("!", "\n", "", "0", "a", " ")
USUAL = "a0 -_."
CATEGORIES = {
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
}

Match = Callable[[str, int], Iterator[int]]  # of a text from a place on: all places where it may end


class TooManySteps(Exception):
    """The matcher has taken MOST_STEPS."""


def is_catastrophic(pattern: str) -> bool:
    """Whether a short text takes this expression years. False for what is no expression."""
    try:
        parts: list[tuple[Any, Any]] = [*sre_parse.parse(pattern)]  # type: ignore[misc]  # a sequence to Python
    except (re.error, RecursionError, OverflowError):
        return False
    for text in islice(_texts_to_try(parts), MOST_TEXTS):
        try:
            next(_Matcher().sequence(parts)(text, 0), None)
        except TooManySteps:
            return True
        except RecursionError:  # says nothing about the steps
            continue
    return False


def _texts_to_try(parts: list[tuple[Any, Any]]) -> Iterator[str]:
    """What stands before a repeated part, that part many times, and something that spoils the match."""
    for before, inside, after in _repeated(parts, "", ""):
        endings = [end for spoiler in SPOILERS for end in dict.fromkeys((spoiler, spoiler + after))]
        for pump in dict.fromkeys([*_samples(inside), *_characters(inside)]):
            yield from (before + pump * TIMES + ending for ending in endings if pump)


def _repeated(parts: list[tuple[Any, Any]], before: str, after: str) -> Iterator[tuple[str, list[Any], str]]:
    for place, (kind, value) in enumerate(parts):
        prefix = before + next(iter(_samples(parts[:place])), "")
        suffix = next(iter(_samples(parts[place + 1 :])), "") + after
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[1] >= MANY:
            yield prefix, list(value[2]), suffix
        for inside in subpatterns(value):
            yield from _repeated(list(inside), prefix, suffix)


def _samples(parts: Sequence[tuple[Any, Any]], most: int = 6) -> list[str]:
    """A few texts that match, the shortest first."""
    samples = [""]
    for kind, value in parts:
        choices = _choices(kind, value)
        samples = [sample + choice for choice in choices for sample in samples][:most] if choices else samples
    return sorted(dict.fromkeys(samples), key=len)


def _choices(kind: Any, value: Any) -> list[str]:
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        once = _samples(list(value[2]))
        least = [sample * min(value[0], 50) for sample in once]
        return [*least[:2], *(once[:2] if value[0] == 0 else [])]
    if kind is sre.BRANCH:
        return [sample for choice in value[1] for sample in _samples(list(choice), 2)]
    if kind is sre.SUBPATTERN:
        return _samples(list(value[3]))
    return _of_one(kind, value)[:2]


def _characters(parts: Sequence[tuple[Any, Any]]) -> list[str]:
    """The characters that an expression speaks of."""
    found = list[str]()
    for kind, value in parts:
        found += _of_one(kind, value)
        for inside in subpatterns(value):
            found += _characters(list(inside))
    return list(dict.fromkeys(found))[:12]


def _of_one(kind: Any, value: Any) -> list[str]:
    """Characters that a part for one character matches; none for other parts."""
    if kind is sre.LITERAL:
        return [chr(value)]
    if kind not in (sre.ANY, sre.IN, sre.NOT_LITERAL):
        return []
    named = (
        [chr(it[0] if name is sre.RANGE else it) for name, it in value if name in (sre.RANGE, sre.LITERAL)]
        if (kind is sre.IN)
        else []
    )
    is_one = _test(kind, value)
    return [character for character in dict.fromkeys([*named, *USUAL, "!", "Z"]) if is_one(character)]


def _test(kind: Any, value: Any) -> Callable[[str], bool]:
    if kind is sre.LITERAL:
        return lambda character: ord(character) == value
    if kind is sre.NOT_LITERAL:
        return lambda character: ord(character) != value
    if kind is sre.ANY:
        return lambda character: character != "\n"
    wanted = not (value and value[0][0] is sre.NEGATE)
    return lambda character: any(_holds(name, it, character) for name, it in value) == wanted


def _holds(kind: Any, value: Any, character: str) -> bool:
    """Whether an item of a class like `[a-z_]` holds the character."""
    if kind is sre.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is sre.CATEGORY:
        return re.match(CATEGORIES[value], character) is not None
    return kind is sre.LITERAL and ord(character) == value


class _Matcher:
    """Steps are counted over all that it makes. What stands in a group is not remembered: `\\1` matches nothing."""

    def __init__(self) -> None:
        self._steps = 0

    def sequence(self, parts: list[tuple[Any, Any]]) -> Match:
        matches = [self.part(kind, value) for kind, value in parts]

        def match(text: str, place: int, at: int = 0) -> Iterator[int]:
            if at == len(matches):
                yield place
                return
            for end in matches[at](text, place):
                yield from match(text, end, at + 1)

        return match

    def part(self, kind: Any, value: Any) -> Match:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self.repeat(value[0], value[1], self.sequence(list(value[2])), greedy=kind is sre.MAX_REPEAT)
        if kind is sre.BRANCH:
            return self.branch([self.sequence(list(choice)) for choice in value[1]])
        if kind is sre.SUBPATTERN:
            return self.sequence(list(value[3]))
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            return self.lookahead(self.sequence(list(value[1])), value[0], wanted=kind is sre.ASSERT)
        if kind is sre.AT:
            return self.anchor(value)
        if kind in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            return self.character(_test(kind, value))
        return lambda text, place: iter((place,))

    def character(self, is_one: Callable[[str], bool]) -> Match:
        def match(text: str, place: int) -> Iterator[int]:
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise TooManySteps
            if place < len(text) and is_one(text[place]):
                yield place + 1

        return match

    def repeat(self, least: int, most: int, inside: Match, *, greedy: bool) -> Match:
        def match(text: str, place: int, count: int = 0) -> Iterator[int]:
            if not greedy and count >= least:
                yield place
            if count < most:
                for end in inside(text, place):
                    if end > place or count < least:
                        yield from match(text, end, count + 1)
            if greedy and count >= least:
                yield place

        return match

    @staticmethod
    def branch(choices: list[Match]) -> Match:
        def match(text: str, place: int) -> Iterator[int]:
            for choice in choices:
                yield from choice(text, place)

        return match

    @staticmethod
    def lookahead(inside: Match, way: int, *, wanted: bool) -> Match:
        """Looking back is not tried: what it looks at has a fixed length."""

        def match(text: str, place: int) -> Iterator[int]:
            if way < 0 or (next(inside(text, place), None) is not None) == wanted:
                yield place

        return match

    @staticmethod
    def anchor(where: Any) -> Match:
        """Beginnings and ends; what looks at words is taken to match everywhere."""

        def match(text: str, place: int) -> Iterator[int]:
            start = where in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
            end = where in (sre.AT_END, sre.AT_END_STRING)
            if (not start or place == 0) and (not end or place == len(text)):
                yield place

        return match
