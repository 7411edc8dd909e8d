"""Rows as sections of Rasa's files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from assistant.engine.entity_markup import write_markup
from training.bundles.reading import STRIPPED
from training.bundles.types import TrainingExample
from training.bundles.yaml_documents import Block

Section = list[dict[str, Any]]


def nlu_section(examples: Sequence[TrainingExample], synonyms: dict[str, str]) -> Section:
    """Intents in the order of their first example, then synonyms."""
    order = {name: place for place, name in enumerate(dict.fromkeys(example.intent for example in examples))}
    ordered = sorted(examples, key=lambda example: (order[example.intent], _shared(example), not _is_tame(example)))
    entries = [_intent(list(same)) for _, same in groupby(ordered, key=_entry)]
    return entries + list(_synonyms(synonyms))


def rules_section(answers: dict[str, str]) -> Section:
    """`answers`: the response by intent."""
    return [
        {"rule": f"Answer {intent}", "steps": [{"intent": intent}, {"action": response}]}
        for intent, response in answers.items()
    ]


def _entry(example: TrainingExample) -> tuple[str, str, bool]:
    return example.intent, _shared(example), _is_tame(example)


def _shared(example: TrainingExample) -> str:
    """Metadata of the whole entry."""
    return json.dumps(example.metadata.get("intent"), sort_keys=True)


def _is_tame(example: TrainingExample) -> bool:
    """One line of printable characters: it can stand in a block as it is."""
    written = write_markup(example.text, example.entities)
    plain = written.isprintable() and "\\" not in written and written == written.strip(STRIPPED)
    return plain and not example.metadata.get("example")


def _intent(examples: Sequence[TrainingExample]) -> dict[str, Any]:
    first = examples[0]
    shared = {"metadata": first.metadata["intent"]} if first.metadata.get("intent") else {}
    if _is_tame(first):
        written: Any = _block(write_markup(example.text, example.entities) for example in examples)
    else:
        written = [_listed(example) for example in examples]
    return {"intent": first.intent, **shared, "examples": written}


def _listed(example: TrainingExample) -> dict[str, Any]:
    own = example.metadata.get("example")
    return {"text": write_markup(example.text, example.entities), **({"metadata": own} if own else {})}


def _synonyms(synonyms: dict[str, str]) -> Iterable[dict[str, Any]]:
    for value, pairs in groupby(sorted(synonyms.items(), key=lambda pair: pair[::-1]), key=lambda pair: pair[1]):
        yield {"synonym": value, "examples": _block(text for text, _ in pairs)}


def _block(lines: Iterable[str]) -> str:
    text = "".join(f"- {line}\n" for line in lines)
    return Block(text) if text.replace("\n", "").isprintable() and "\\" not in text else text
