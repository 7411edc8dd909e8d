"""By what two texts are the same."""

from __future__ import annotations

import hashlib

from assistant.engine.normalisation import normalise


def exact_key(text: str) -> str:
    """The text as it is. Of one length whatever the text has, so that the database can index it."""
    return _sha1(text)


def alike_key(text: str) -> str:
    """Without case, punctuation and spacing, as a model remembers the text."""
    return _sha1(normalise(text))


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
