"""When two texts are the same text: to the model's memory, to the training data, to an evaluation."""

from __future__ import annotations

import unicodedata

MARKS = {"Mn", "Mc"}  # vowel signs and accents: in many scripts they make the word
HOW_TO_DRAW = range(0xFE00, 0xFE10)  # variation selectors, which only say how a sign looks


def normalise(text: str) -> str:
    """What is left of a text when case, punctuation and spacing do not count; all of it where nothing is left."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    blanked = "".join(
        sign
        if sign.isalnum() or (unicodedata.category(sign) in MARKS and ord(sign) not in HOW_TO_DRAW)
        else " "  # in place of what does not count
        for sign in plain
    )
    return " ".join(blanked.split()) or text.strip()
