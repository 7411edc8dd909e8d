"""Corrects slips of the keyboard before a text is embedded: one wrong letter costs a sentence much of its meaning.

Only words that are neither in the bot's examples nor in the language model's vocabulary are touched, and only where one
letter more, less, other or swapped makes a word of them (after Norvig, "How to Write a Spelling Corrector").

Trying them all costs the square of a word's length: so long words are left alone, and many strange words, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from string import ascii_lowercase

WORD = re.compile(r"[^\W\d_]{4,}")
LONGEST = 30  # letters; 1,600 ways to have slipped
MOST = 20  # strange words that are looked at; a text with more of them is in another language


def words_of(texts: Iterable[str]) -> list[str]:
    """The words of a bot's own examples, most frequent first."""
    counted = Counter(word for text in texts for word in WORD.findall(text.lower()))
    return [word for word, _ in counted.most_common()]


class SpellingCorrector:
    """`own`: words of the bot, most frequent first; `vocabulary`: other words by rank, most frequent lowest."""

    def __init__(self, own: Iterable[str], vocabulary: Mapping[str, int]) -> None:
        self._own = {word: rank for rank, word in enumerate(own)}
        self._vocabulary = vocabulary

    def correct(self, text: str) -> str:
        """The text, with known words in the place of unknown ones that are one slip away."""
        strange = list[str]()
        for word in dict.fromkeys(WORD.findall(text)):
            forms = (word.lower(), word.lower().removesuffix("s"))
            if len(forms[0]) <= LONGEST and not any(form in self._own or form in self._vocabulary for form in forms):
                strange.append(word)
        if not strange:
            return text
        corrections = {word: self._nearest(word.lower()) for word in strange[:MOST]}
        return WORD.sub(lambda match: corrections.get(match.group()) or match.group(), text)

    def _nearest(self, word: str) -> str | None:
        near = set(one_slip_away(word))
        for known in (self._own, self._vocabulary):  # the bot's own words come first
            if found := near & known.keys():
                return min(found, key=lambda each: (known[each], each))
        return None


def one_slip_away(word: str) -> Iterator[str]:
    """What one slip can have made of this word; most of it is no word."""
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
