"""Undo: what was deleted or merged comes back, and what an annotation changed is as it was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from training.bundles.renaming import current_name
from training.errors import BadIntent
from training.models import Bot, Example, Intent, Response, Synonym
from training.selectors.examples import examples_of
from training.selectors.intents import intent_changes_of, intent_now
from training.services.bots import lock_bot
from training.services.examples import add_example, change_example, update_examples
from training.services.intents import Merge
from training.services.responses_and_synonyms import set_variations
from training.signals import merge_undone
from training.text_keys import exact_key
from training.validation import checked_entities, without_overlaps

Entities = Iterable[Mapping[str, Any]]
State = dict[str, Any]
"""For JSON: `use`, `entities` and `judged` of an example, the last being its `annotated`: annotations keep it by that
name."""


@dataclass(frozen=True)
class Restored:
    """How many rows came back."""

    intents: int = 0
    examples: int = 0
    responses: int = 0
    synonyms: int = 0

    @property
    def count(self) -> int:
        return self.intents + self.examples + self.responses + self.synonyms

    @property
    def words(self) -> str:
        """`one intent, 30 examples`"""
        counts = {"intent": self.intents, "example": self.examples}
        counts |= {"response": self.responses, "synonym": self.synonyms}
        return ", ".join(f"one {it}" if count == 1 else f"{count:,} {it}s" for it, count in counts.items() if count)

    def with_examples(self, count: int) -> Restored:
        """And as many examples more."""
        return replace(self, examples=self.examples + count)


@dataclass(frozen=True)
class Correction:
    """What an annotation changed. `before`: what the example was, None where there was none; `made_intent`: its intent
    was not there before."""

    example: Example
    before: State | None
    after: State
    made_intent: bool


def restore_deleted(*, bot: Bot, mark: datetime, by: User | None) -> Restored:
    """All that was deleted under this mark: intents with their rules, examples, responses, synonyms. What is there
    again by now stays as it is."""
    with write_transaction():
        bot = lock_bot(bot)
        # Without the change that deleted them, the project's rules and stories for these intents are back.
        names = list(bot.intents.filter(deleted=mark).values_list("name", flat=True))
        bot.intent_changes.filter(old__in=names, new="").delete()
        return Restored(
            intents=_restore_by_name(Intent, "name", bot, mark, by),
            examples=_restore_examples(bot, mark, by),
            responses=_restore_by_name(Response, "name", bot, mark, by),
            synonyms=_restore_by_name(Synonym, "text", bot, mark, by),
        )


def unmerge_intents(*, merge: Merge, by: User | None) -> Restored:
    """The source is back with its rules, its buttons and those of its examples that nobody has changed since. Raises
    BadIntent where its name is in use again."""
    with write_transaction():
        source = Intent.objects.select_related("bot").get(pk=merge.source)
        bot, mark = lock_bot(source.bot), datetime.fromisoformat(merge.mark)
        if source.deleted != mark or bot.intents.filter(name=source.name, deleted=None).exists():
            raise BadIntent(f"Somebody made {source.name} anew meanwhile. Move the examples back yourself.")
        target = intent_now(bot, merge.target)  # it may have been renamed since
        changes = bot.intent_changes.filter(old=source.name, keeps_rules=False)
        # The newest only: the name may have been merged before.
        changes.filter(pk__in=changes.order_by("-id").values("pk")[:1]).delete()
        restored = restore_deleted(bot=bot, mark=mark, by=by)
        # What somebody changed since has another revision, and stays where it is.
        revisions = dict(merge.examples)
        there = Example.objects.filter(bot=bot, deleted=None).select_related("intent").defer("vector")
        moved = [row for row in there if revisions.get(row.pk) == row.revision]
        audit.record_all(((row, {"intent": (row.intent.name, source.name)}) for row in moved), by=by)
        update_examples(moved, by, intent=source)
        for pk, revision, variations in merge.responses:
            if response := Response.objects.filter(pk=pk, revision=revision, deleted=None).first():
                set_variations(response, variations, by)
        merge_undone.send(Intent, bot=bot, intent=source, was=target)
    return restored.with_examples(len(moved))


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


def _restore_examples(bot: Bot, mark: datetime, by: User | None) -> int:
    """Under the intent that has the name now, or took the examples over, where their own is gone; once, where another
    took the place."""
    names, changes = {row.name: row for row in bot.intents.filter(deleted=None)}, intent_changes_of(bot)
    rows = list(Example.objects.filter(bot=bot, deleted=mark).select_related("intent").order_by("id"))
    for row in rows:
        now = names.get(row.intent.name) or names.get(current_name(row.intent.name, changes))
        row.intent = now or row.intent
    there = set(Example.objects.filter(bot=bot, deleted=None).values_list("intent", "exact"))
    back = {(row.intent_id, row.exact): row for row in rows if (row.intent_id, row.exact) not in there}
    for intent, same in groupby(sorted(back.values(), key=lambda row: row.intent_id), key=lambda row: row.intent):
        _restore(Example.objects.filter(pk__in=[row.pk for row in same]), by, intent=intent)
    audit.record_all(((row, {"text": (None, row.text)}) for row in back.values()), by=by, action=audit.CREATED)
    return len(back)


def _restore_by_name(
    model: type[Intent] | type[Response] | type[Synonym], key: str, bot: Bot, mark: datetime, by: User | None
) -> int:
    """`key`: the field that is unique among those that are not deleted."""
    rows = model.objects.filter(bot=bot, deleted=mark)
    there = model.objects.filter(bot=bot, deleted=None).values_list(key, flat=True)
    back = list(rows.exclude(**{f"{key}__in": list(there)}))
    audit.record_all(((row, {key: (None, getattr(row, key))}) for row in back), by=by, action=audit.CREATED)
    _restore(model.objects.filter(pk__in=[row.pk for row in back]), by)
    return len(back)


def _restore(rows: QuerySet[Any], by: User | None, **values: Any) -> None:
    rows.update(**values, deleted=None, updated_by=by, updated=timezone.now(), revision=F("revision") + 1)


def _state(row: Example) -> State:
    annotated = row.annotated.isoformat() if row.annotated else None
    return {"use": row.use, "entities": row.entities, "judged": annotated}
