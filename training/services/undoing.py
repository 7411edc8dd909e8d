"""Bringing back what was deleted or merged."""

from __future__ import annotations

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
from training.models import Bot, Example, Intent, Response, Synonym
from training.selectors.data import changes_of
from training.services.locking import locked


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
        return replace(self, examples=self.examples + count)


def restore_deleted(*, bot: Bot, mark: datetime, by: User | None) -> Restored:
    """All that was deleted under this mark: intents with their rules, examples, responses, synonyms. What is there
    again by now stays as it is."""
    with write_transaction():
        bot = locked(bot)
        return Restored(
            intents=_intents(bot, mark, by),
            examples=_examples(bot, mark, by),
            responses=_named(Response, "name", bot, mark, by),
            synonyms=_named(Synonym, "text", bot, mark, by),
        )


def _intents(bot: Bot, mark: datetime, by: User | None) -> int:
    names = list(bot.intents.filter(deleted=mark).values_list("name", flat=True))
    bot.intent_changes.filter(old__in=names, new="").delete()
    return _named(Intent, "name", bot, mark, by)


def _examples(bot: Bot, mark: datetime, by: User | None) -> int:
    """Under the intent that has the name now, or took the examples over, where their own is gone; once, where another
    took the place."""
    alive, changes = {row.name: row for row in bot.intents.filter(deleted=None)}, changes_of(bot)
    rows = list(Example.objects.filter(bot=bot, deleted=mark).select_related("intent").order_by("id"))
    for row in rows:
        now = alive.get(row.intent.name) or alive.get(current_name(row.intent.name, changes))
        row.intent = now or row.intent
    there = set(Example.objects.filter(bot=bot, deleted=None).values_list("intent", "exact"))
    back = {(row.intent_id, row.exact): row for row in rows if (row.intent_id, row.exact) not in there}
    for intent, same in groupby(sorted(back.values(), key=lambda row: row.intent_id), key=lambda row: row.intent):
        _revive(Example.objects.filter(pk__in=[row.pk for row in same]), by, intent=intent)
    audit.record_all(((row, {"text": (None, row.text)}) for row in back.values()), by=by, action=audit.CREATED)
    return len(back)


def _named(
    model: type[Intent] | type[Response] | type[Synonym], key: str, bot: Bot, mark: datetime, by: User | None
) -> int:
    """`key`: the field that is unique among those alive."""
    rows = model.objects.filter(bot=bot, deleted=mark)
    there = model.objects.filter(bot=bot, deleted=None).values_list(key, flat=True)
    back = list(rows.exclude(**{f"{key}__in": list(there)}))
    audit.record_all(((row, {key: (None, getattr(row, key))}) for row in back), by=by, action=audit.CREATED)
    _revive(model.objects.filter(pk__in=[row.pk for row in back]), by)
    return len(back)


def _revive(rows: QuerySet[Any], by: User | None, **values: Any) -> None:
    rows.update(**values, deleted=None, updated_by=by, updated=timezone.now(), revision=F("revision") + 1)
