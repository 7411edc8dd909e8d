"""A bot's regular expressions find what `re` finds, and never take long."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.regexes import matching
from assistant.engine.regexes.catastrophic import is_catastrophic
from assistant.engine.regexes.matching import BoundedRegex, BoundedRegexes, Span, UnusableRegex, compile_regex

ENDLESS = [r"^(\w+\s?)*\d$", r"(a|aa)+$", r"(a|a)*b", r"(?:a|\w)+!", r"(a*)*\1b", r"(?=(a+)+$)", r"\s*a+\s*a+\s*a+$"]
USUAL = [
    r"\b\d{5}(-\d{4})?\b",
    r"[\w.+-]+@[\w-]+\.[a-z]{2,}",
    r"(?i)order\s*#?(\d+)",
    r"\d*",
    r"(?<!\w)@\w+",
    r"(?P<day>mon|tues)day",
    "{name}|{ 3}",
    r"\bß+\b",
    r"[^\W\d_]+$",
    "a{2,}?|x{,3}y",
    r"[^\W\d_]\B.|[\W\dx]\S\s?",
    r"[^\W\D]|[^\W\Da]|(?a:\w)|[]a-c^-]",
    r"(?a)\w+\b|\d",
    r"(a)|(?:b)(?(1)x|y)?(?=\s)",
    r"((?P<x>a)|b)+(?P=x)\1*",
    "(?im:^A.$)|(?s:b.)|(?-i:Ab)",
    r"(?x) a  b # that",
    r"\Aab|b\Z|(?<=ab)y",
]
WORDS = ["new york", "new", "São Paulo", "Ωmega", "a.b", "\u017ftop", *(f"place {number}" for number in range(60))]
# Not signs that are newer than this Python: `regex` may know them.
TEXTS = st.text(
    st.sampled_from("aAbxy 19_-@.#ß\u017f¹½IiωΩ\u0301\x1f\u200d{}\né") | st.characters(exclude_categories=["Cn"]),
    max_size=40,
)


def spans(patterns: Sequence[str], text: str, *, ignore_case: bool = False) -> list[list[Span]]:
    return list(BoundedRegexes([(each, each) for each in patterns], ignore_case=ignore_case).spans(text))


def of_re(pattern: str, text: str, *, ignore_case: bool = False) -> list[Span]:
    return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE if ignore_case else 0)]


@given(TEXTS, st.booleans())
def test_it_finds_what_re_finds(text: str, ignore_case: bool) -> None:
    found = spans(USUAL, text, ignore_case=ignore_case)
    assert found == [of_re(pattern, text, ignore_case=ignore_case) for pattern in USUAL]


@given(st.lists(st.sampled_from([*WORDS, "YORK", "1", " ", "-", "newer", "STOP", "a", "b"])), st.booleans())
def test_it_looks_tables_up_as_re_would(parts: list[str], ignore_case: bool) -> None:
    text, escaped = "".join(parts), [re.escape(word) for word in WORDS]
    tables = ["(\\b" + "\\b|\\b".join(escaped) + "\\b)", "(" + "|".join(escaped) + ")"]
    assert spans(tables, text, ignore_case=ignore_case) == [of_re(it, text, ignore_case=ignore_case) for it in tables]


def test_it_gives_up_on_what_would_take_years(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.Logger("expressions")
    log.addHandler(caplog.handler)
    monkeypatch.setattr(matching, "logger", log)
    texts = [
        "a" * 4000 + "!",
        "ab " * 1333 + "!",
        "a" * 40 + "!",
        "aaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaa!b" * 80,
    ]
    bot = BoundedRegexes([(f"number {place}", it) for place, it in enumerate(ENDLESS)], ignore_case=True)
    for text in texts * 3:
        began = thread_time()
        list(bot.spans(text))
        assert thread_time() - began < 0.25
    began = thread_time()
    list(bot.spans(texts[0]))
    assert thread_time() - began < 0.02, "it has learned which ones to leave out"
    assert "number 1 takes too long on a text of" in caplog.text
    assert "aaa" not in caplog.text


def test_it_goes_on_with_short_texts_after_somebody_sent_a_long_one() -> None:
    slow = BoundedRegex("mail", r"(?:\w|\.)+@(?:\w|\.)+(?:\w|\.)+(?:\w|\.)+z")
    assert slow.spans("a" * 2000 + "@" + "a." * 900) == []
    assert slow.spans("ana@example.xyz") == [(0, 15)]


def test_it_goes_on_with_the_others_beside_one_that_takes_too_long() -> None:
    assert spans([r"(a|aa)+$", "b"], "a" * 100 + "b") == [[], [(100, 101)]]


def test_it_looks_ten_thousand_words_up_in_no_time() -> None:
    words = [f"{number:05d}{'x' * (number % 9)}" for number in range(10_000)]
    bot = BoundedRegexes([("words", "(\\b" + "\\b|\\b".join(words) + "\\b)")], ignore_case=True)
    began = thread_time()
    (found,) = bot.spans("a b 00007xxxxxxx " + "a b " * 1000)
    assert found == [(4, 16)]
    assert thread_time() - began < 0.1


HUGE = {
    "repeats": "((a{1000}){1000}){1000}",
    "deep": "(" * 2000 + ")" * 2000,
    "broken": "(a",
    "large": f"a{{{10**20}}}",
}


@pytest.mark.parametrize("pattern", HUGE.values(), ids=list(HUGE))
def test_it_does_not_build_what_fills_the_memory(pattern: str) -> None:
    with pytest.raises(UnusableRegex):
        compile_regex(pattern)
    assert spans([pattern, "b"], "ab") == [[], [(1, 2)]]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\w+\s?)*\d$",
        r"(a+)+$",
        r"(a|aa)+$",
        r"(x+x+)+y",
        r"(.*)*x",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"foo (\s*\w+\s*)+bar",
        r"([^,]+,?)+;",
        r"(?i)order:(\d+,?)+;",
        r"(a?){30}a{30}",
        r"(?=(a+)+b)",
    ],
)
def test_it_knows_an_expression_that_never_ends(pattern: str) -> None:
    assert is_catastrophic(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *USUAL,
        r"(\w+\s)+end",
        r"(?:\d+,)*\d+",
        r"^\s*\w+\s*$",
        r"[A-Z]{2}\d{2}(?: ?\w{4}){2,7}",
        r"https?://\S+",
        r"(?:red|green|blue)+",
        ".*?foo.*?bar",
        "(a",
    ],
)
def test_it_says_nothing_of_an_expression_that_ends(pattern: str) -> None:
    assert not is_catastrophic(pattern)
