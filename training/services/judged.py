"""Examples from conversations: what a verdict makes of them, and how they are as they were before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from assistant.lib.database import write_transaction
from training.keys import exact_key
from training.models import Bot, Example
from training.selectors.data import examples_of
from training.services.examples import add_example, change_example
from training.services.locking import locked
from training.validation import checked_entities, without_overlaps

Entities = Iterable[Mapping[str, Any]]
State = dict[str, Any]
"""For JSON: `use`, `entities` and `judged` of an example."""


@dataclass(frozen=True)
class Lesson:
    """`before`: what the example was, None where there was none. `made`: its intent was not there before."""

    example: Example
    before: State | None
    after: State
    made: bool


def teach_judged(
    *, bot: Bot, intent: str, text: str, entities: Entities, use: str, source: str, by: User | None
) -> Lesson:
    """What is to be trained on is so from now on, with these entities; what is to be held out stays as it is where it
    is there. Of entities that overlap, as several extractors find them, one stays. Raises BadExample or BadIntent."""
    marks = checked_entities(text, without_overlaps(entities))
    text = text.strip()
    with write_transaction():
        there = examples_of(locked(bot)).filter(intent__name=intent, exact=exact_key(text)).first()
        made = not bot.intents.filter(name=intent, deleted=None).exists()
        origin = Example.Origin.REVIEW
        row = add_example(
            bot=bot, intent=intent, text=text, entities=marks, use=use, origin=origin, source=source, by=by
        )
        if use == Example.Use.TRAINING:
            row = change_example(example=row, by=by, revision=row.revision, entities=marks, use=use)
    return Lesson(row, _state(there) if there else None, _state(row), made)


def put_back_judged(*, example: Example, state: State, by: User | None) -> None:
    """As it was before a verdict."""
    with write_transaction():
        entities, use = state["entities"], state["use"]
        row = change_example(example=example, by=by, revision=example.revision, entities=entities, use=use)
        row.judged = datetime.fromisoformat(state["judged"]) if state["judged"] else None
        row.save(update_fields=["judged"])


def _state(row: Example) -> State:
    judged = row.judged.isoformat() if row.judged else None
    return {"use": row.use, "entities": row.entities, "judged": judged}
