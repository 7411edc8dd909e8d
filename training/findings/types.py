"""What is found wrong with training data, and what it is found from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.bundles.limits import LocatedText


class Severity(str, Enum):
    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    WEAK = "weak"
    TIDY = "tidy"


class Kind(str, Enum):
    SAME_TEXT = "same_text"
    LABEL = "label"
    CONFUSED = "confused"
    NEAR = "near"
    FEW = "few"
    NO_EXAMPLES = "no_examples"
    UNANSWERED = "unanswered"
    UNUSED_RESPONSE = "unused_response"
    ENTITIES_UNUSED = "entities_unused"
    SYNONYMS_UNUSED = "synonyms_unused"
    ENDLESS = "endless"


@dataclass(frozen=True)
class Finding:
    """One thing to put right. `examples` are ids; `intents` and `responses` are names, the first is where to go."""

    kind: Kind
    severity: Severity
    words: str
    examples: Sequence[int] = ()
    intents: Sequence[str] = ()
    responses: Sequence[str] = ()


@dataclass(frozen=True)
class CheckedExample:
    """An example that is trained on. `confirmed`: staff say that its intent is right."""

    id: int
    intent: str
    text: str
    alike: str
    confirmed: bool = False


@dataclass(frozen=True)
class CheckedData:
    """`answered`: intents that a rule, a story or an answer of ours handles; `asked`: those that rules and stories
    name; `said`: responses that something says. `f1` by intent and `errors` are from the newest cross-validation, both
    empty where there is none. `endless`: regular expressions, by their file. `marked` examples with entities, and
    `synonyms`: how many the pipeline makes nothing of. `vectors` are the embeddings of the examples `ids`."""

    rows: Sequence[CheckedExample] = ()
    intents: Sequence[str] = ()
    responses: Sequence[str] = ()
    answered: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    f1: Mapping[str, float] = field(default_factory=dict)
    errors: Sequence[Mapping[str, Any]] = ()
    marked: int = 0
    synonyms: int = 0
    endless: Sequence[tuple[str, LocatedText]] = ()
    ids: Sequence[int] = ()
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 384), np.float32))
