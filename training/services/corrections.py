"""Corrections: what an annotation changes in the training data, and how that is undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from assistant.lib.database import write_transaction
from training.models import Bot, Example
from training.selectors.examples import examples_of
from training.services.bots import lock_bot
from training.services.examples import add_example, change_example
from training.text_keys import exact_key
from training.validation import checked_entities, without_overlaps

Entities = Iterable[Mapping[str, Any]]
State = dict[str, Any]
"""For JSON: `use`, `entities` and `judged` of an example, the last being its `annotated`: annotations keep it by that
name."""


@dataclass(frozen=True)
class Correction:
    """What an annotation changed. `before`: what the example was, None where there was none; `made_intent`: its intent
    was not there before."""

    example: Example
    before: State | None
    after: State
    made_intent: bool


def apply_correction(
    *, bot: Bot, intent: str, text: str, entities: Entities, use: str, source: str, by: User | None
) -> Correction:
    """What is to be trained on is so from now on, with these entities; what is to be held out stays as it is where it
    is there. Of entities that overlap, as several extractors find them, one stays. Raises BadExample or BadIntent."""
    marked = checked_entities(text, without_overlaps(entities))
    text = text.strip()
    with write_transaction():
        there = examples_of(lock_bot(bot)).filter(intent__name=intent, exact=exact_key(text)).first()
        # Known before `add_example` makes it.
        made_intent = not bot.intents.filter(name=intent, deleted=None).exists()
        origin = Example.Origin.REVIEW
        row = add_example(
            bot=bot, intent=intent, text=text, entities=marked, use=use, origin=origin, source=source, by=by
        )
        if use == Example.Use.TRAINING:
            row = change_example(example=row, by=by, revision=row.revision, entities=marked, use=use)
    return Correction(row, _state(there) if there else None, _state(row), made_intent)


def revert_correction(*, example: Example, state: State, by: User | None) -> None:
    """The example is as it was before an annotation: `state` is the `before` of its correction."""
    with write_transaction():
        entities, use = state["entities"], state["use"]
        row = change_example(example=example, by=by, revision=example.revision, entities=entities, use=use)
        row.annotated = datetime.fromisoformat(state["judged"]) if state["judged"] else None
        row.save(update_fields=["annotated"])


def _state(row: Example) -> State:
    annotated = row.annotated.isoformat() if row.annotated else None
    return {"use": row.use, "entities": row.entities, "judged": annotated}
