"""By what two texts are the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata

OUTER = re.compile(r"^[\W_]+|[\W_]+$")
BLANKS = re.compile(r"\s+")


def exact_key(text: str) -> str:
    return _sha1(text)


def alike_key(text: str) -> str:
    """Without case, outer punctuation and runs of blanks. A text of nothing but punctuation stays as it is."""
    plain = BLANKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return _sha1(OUTER.sub("", plain) or plain)


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
