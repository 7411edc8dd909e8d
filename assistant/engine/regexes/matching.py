"""A bot's regular expressions, on texts that anybody may send: none takes the processor for long.

`re` never gives up, and some expressions take it years. The `regex` module knows a time limit, and many expressions
that `re` is slow with are fast there. Alternatives without number, which Rasa makes of lookup tables, are looked up.
Nothing here imports Rasa.
"""

from __future__ import annotations

import logging
import re
import sre_parse
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from time import thread_time
from typing import Any

import regex

from assistant.engine.regexes.translation import subpatterns, translate

logger = logging.getLogger(__name__)

Span = tuple[int, int]

SECONDS_PER_REGEX = 0.02  # seconds of the processor for one expression on one text
SECONDS_PER_TEXT = 0.1  # for all of them
MOST_MATCHES = 500  # of one expression in one text
MOST_PARTS = 50_000  # of an expression with its counted repeats written out, as `regex` does
TABLE = 50  # alternatives that are looked up instead
MOST_LENGTHS = 100  # of the entries of a table
FLAGS = {re.IGNORECASE: regex.IGNORECASE, re.MULTILINE: regex.MULTILINE, re.DOTALL: regex.DOTALL}


class UnusableRegex(ValueError):
    """Why an expression can't be used."""


class BoundedRegex:
    """One of them. After it has taken too long on a text it is left out on all texts that are at least half as long:
    so it costs little, however often somebody sends such texts, and goes on to work on ordinary ones."""

    def __init__(self, name: str, pattern: str, *, ignore_case: bool = False) -> None:
        self.name, self._shorter_than = name, float("inf")
        self._found = compile_regex(pattern, ignore_case=ignore_case)

    def spans(self, text: str, seconds: float = SECONDS_PER_REGEX) -> list[Span]:
        """Where it matches, none overlapping another. None at all where it takes longer than that."""
        return [found.span() for found in self._matches(text, seconds)]

    def texts(self, text: str, seconds: float = SECONDS_PER_REGEX) -> list[str]:
        """What `findall` gives for an expression with one group, or none."""
        return [found[found.re.groups and 1] for found in self._matches(text, seconds)]

    def _matches(self, text: str, seconds: float) -> list[Any]:
        if len(text) >= self._shorter_than:
            return []
        found = []
        try:
            for match in self._found.finditer(text, timeout=min(seconds, SECONDS_PER_REGEX)):
                found.append(match)
                if len(found) == MOST_MATCHES:
                    break
        except TimeoutError:
            if seconds >= SECONDS_PER_REGEX:
                self._shorter_than = max(1, len(text) // 2)
                logger.warning(
                    "The regular expression %s takes too long on a text of %d characters: "
                    "it is not tried on %d or more",
                    self.name[:100],
                    len(text),
                    self._shorter_than,
                )
            return []
        return found


class LookupTable:
    """Many texts of which any may stand there: `(\\bone\\b|\\btwo\\b)`. It takes its time by the text's length only."""

    def __init__(self, entries: Sequence[str], *, whole_words: bool, ignore_case: bool) -> None:
        self._whole_words, self._ignore_case = whole_words, ignore_case
        self._ranks: dict[str, int] = {}
        lengths = defaultdict[str, set[int]](set)
        for rank, entry in enumerate(entries):
            folded = _folded(entry) if ignore_case else entry
            self._ranks.setdefault(folded, rank)
            lengths[folded[0]].add(len(folded))
        self._lengths = {first: sorted(found) for first, found in lengths.items()}

    @classmethod
    def of(cls, pattern: str, *, ignore_case: bool) -> LookupTable | None:
        """For an expression that Rasa made of a lookup table, or that looks like one; None for others."""
        if pattern.count("|") < TABLE or not (pattern.startswith("(") and pattern.endswith(")")):
            return None
        whole_words = pattern.startswith(r"(\b") and pattern.endswith(r"\b)")
        escaped = pattern[3:-3].split(r"\b|\b") if whole_words else re.split(r"(?<!\\)\|", pattern[1:-1])
        entries = [re.sub(r"\\(.)", r"\1", entry, flags=re.DOTALL) for entry in escaped]
        are_plain = all(entry and re.escape(entry) == each for entry, each in zip(entries, escaped, strict=True))
        if not are_plain or len({len(entry) for entry in entries}) > MOST_LENGTHS:
            return None
        return cls(entries, whole_words=whole_words, ignore_case=ignore_case)

    def spans(self, text: str, seconds: float = SECONDS_PER_REGEX) -> list[Span]:
        """Where an entry stands, none overlapping another. `seconds` is not needed: it is fast."""
        folded, spans, place = _folded(text) if self._ignore_case else text, list[Span](), 0
        while place < len(folded) and len(spans) < MOST_MATCHES:
            end = self._end_of_entry(folded, place) if self._may_stand_at(text, place) else None
            if end is not None:
                spans.append((place, end))
            place = end or place + 1
        return spans

    def _end_of_entry(self, folded: str, place: int) -> int | None:
        """Of the first entry that stands there, by the order of the table."""
        best, best_end = len(self._ranks) + 1, None
        for length in self._lengths.get(folded[place], ()):
            rank = self._ranks.get(folded[place : place + length], best)
            if rank < best and self._may_stand_at(folded, place + length):
                best, best_end = rank, place + length
        return best_end

    def _may_stand_at(self, text: str, place: int) -> bool:
        return not self._whole_words or _is_of_word(text, place - 1) != _is_of_word(text, place)


class BoundedRegexes:
    """A bot's expressions, in order. One that can't be used matches nothing."""

    def __init__(self, named: Iterable[tuple[str, str]], *, ignore_case: bool) -> None:
        self._all = list[BoundedRegex | LookupTable | None]()
        for name, pattern in named:
            try:
                table = LookupTable.of(pattern, ignore_case=ignore_case)
                self._all.append(table or BoundedRegex(name, pattern, ignore_case=ignore_case))
            except UnusableRegex as reason:
                logger.warning("The regular expression %s is left out: %s", name[:100], reason)
                self._all.append(None)

    def spans(self, text: str) -> Iterator[list[Span]]:
        """For each expression where it matches, as it is asked for."""
        until = thread_time() + SECONDS_PER_TEXT
        for expression in self._all:
            left = until - thread_time()
            yield expression.spans(text, left) if expression and left > 0 else []


def overlaps(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of `spans`, which are in order and do not overlap, has a part in common with that one."""
    first = bisect_right(spans, start, key=lambda span: span[1])
    return first < len(spans) and spans[first][0] < end


def compile_regex(pattern: str, *, ignore_case: bool = False) -> regex.Pattern[str]:
    """Raises UnusableRegex."""
    try:
        parsed = sre_parse.parse(pattern, re.IGNORECASE if ignore_case else 0)
        if expanded_size(parsed) > MOST_PARTS:
            raise UnusableRegex("it repeats too much")
        flags = [ours for theirs, ours in FLAGS.items() if parsed.state.flags & theirs]
        return regex.compile(translate(parsed), sum(flags))
    except (re.error, regex.error) as error:
        raise UnusableRegex(f"it is no regular expression: {error}") from None
    except (RecursionError, OverflowError, MemoryError):
        raise UnusableRegex("it is too deep or too large") from None


def expanded_size(parsed: Any) -> int:
    """How many parts an expression has where each counted repeat is written out."""
    total = 0
    for kind, value in parsed:
        inside = sum(expanded_size(part) for part in subpatterns(value))
        most = max(1, value[0]) if kind in (sre_parse.MAX_REPEAT, sre_parse.MIN_REPEAT) else 1
        total += max(1, inside) * most
    return total


def _folded(text: str) -> str:
    """Without the difference of capitals, and of the same length (some letters fold to two)."""
    return "".join(map(_fold, text))


def _fold(character: str) -> str:
    for form in (character.casefold(), character.lower()):
        if len(form) == 1:
            return form
    return character


def _is_of_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")
