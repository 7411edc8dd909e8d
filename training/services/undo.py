"""Undo: how rows of training data are recorded in change sets, and made again what they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from assistant import change_sets
from assistant.change_sets import UndoableRows, Undone, name_of, register_undoable
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.models import Change, ChangeSet
from training.bundles.renaming import current_name
from training.errors import BadExample, BadIntent
from training.models import Bot, Example, Intent, IntentChange, Response, Synonym
from training.models.training_data import TrainingDataRow
from training.selectors.intents import intent_changes_of, intent_now
from training.selectors.training_data import usage_of
from training.services.bots import lock_bot
from training.signals import merge_undone

EXAMPLE, INTENT, RESPONSE, SYNONYM = (model._meta.label_lower for model in (Example, Intent, Response, Synonym))
Pairs = Sequence[tuple[Model | None, Change]]


@dataclass(frozen=True)
class Restored:
    """How many rows came back, and how many examples were left as somebody had changed them since."""

    intents: int = 0
    examples: int = 0
    responses: int = 0
    synonyms: int = 0
    left: int = 0

    @classmethod
    def of(cls, undone: Undone) -> Restored:
        """Responses whose buttons follow an intent did not come back: they had been there all the time."""
        back = [change for change in undone.changes if change.model == EXAMPLE or (change.after or {}).get("deleted")]
        intents, examples, responses, synonyms = (
            sum(change.model == model for change in back) for model in (INTENT, EXAMPLE, RESPONSE, SYNONYM)
        )
        return cls(intents, examples, responses, synonyms, sum(change.model == EXAMPLE for change in undone.left))

    @property
    def count(self) -> int:
        return self.intents + self.examples + self.responses + self.synonyms

    @property
    def words(self) -> str:
        """`one intent, 30 examples`"""
        counts = {"intent": self.intents, "example": self.examples}
        counts |= {"response": self.responses, "synonym": self.synonyms}
        return ", ".join(f"one {it}" if count == 1 else f"{count:,} {it}s" for it, count in counts.items() if count)


def undo_change(*, step: ChangeSet, by: User | None) -> Restored:
    """Undo a change of training data. Raises CannotUndo, or BadIntent or BadExample where an intent is not there any
    more: then nothing is changed."""
    with write_transaction():
        bot = lock_bot(Bot.objects.get(pk=step.about.partition(":")[2]))
        undone = change_sets.undo(step=step, by=by)
        merged = [change for change in undone.changes if change.model == IntentChange._meta.label_lower]
        for change in merged:
            old, new = (change.after or {})["old"], (change.after or {})["new"]
            if not new:
                continue  # it was deleted
            source = bot.intents.filter(name=old, deleted=None).first()
            if source is None or any(it.model == INTENT for it in undone.left):
                raise BadIntent(f"Somebody made {old} anew meanwhile. Move the examples back yourself.")
            merge_undone.send(Intent, bot=bot, intent=source, was=intent_now(bot, new))
    return Restored.of(undone)


def restore_deleted(*, bot: Bot, mark: datetime, by: User | None) -> Restored:
    """All that was deleted at this moment: intents with their rules, examples, responses, synonyms. What is there
    again by now stays as it is."""
    step = ChangeSet.objects.filter(about=name_of(bot), created=mark, undone=None).first()
    return undo_change(step=step, by=by) if step else Restored()


class _TrainingDataRows(UndoableRows):
    """`key`: the field that is unique among the rows of a bot that are not deleted."""

    key: str

    def restore(self, rows: Pairs, by: User | None) -> list[Change]:
        """A row that was made is deleted, as staff delete it: marked."""
        to_delete, to_restore = [], []
        for row, change in cast(Sequence[tuple[TrainingDataRow, Change]], rows):
            if change.before is None or change.before["deleted"]:
                self.apply(row, change.before or {"deleted": timezone.now().isoformat()})
                to_delete.append((row, change))
            else:
                self.apply(row, change.before)
                to_restore.append((row, change))
        # Those that go first: they may have the names of those that come back.
        gone = [pair for pair in to_delete if self.is_unused(pair[0])]
        self._save([row for row, _ in gone], by)
        back = self.with_free_place(to_restore)
        self._save([row for row, _ in back], by)
        self._record_in_audit_log(gone, audit.DELETED, by)
        self._record_in_audit_log([it for it in back if (it[1].after or {})["deleted"]], audit.CREATED, by)
        self._record_in_audit_log([it for it in back if not (it[1].after or {})["deleted"]], audit.CHANGED, by)
        return [change for _, change in [*gone, *back]]

    def is_unused(self, row: Any) -> bool:
        """Whether it may go that was made, or was not there before."""
        return True

    def with_free_place(self, rows: Sequence[tuple[Any, Change]]) -> list[tuple[Any, Change]]:
        """Those whose place no other row has taken."""
        if not rows:
            return []
        taken = dict(
            self.model._default_manager.filter(bot=rows[0][0].bot_id, deleted=None).values_list(self.key, "pk")
        )
        return [(row, change) for row, change in rows if taken.get(getattr(row, self.key), row.pk) == row.pk]

    def _save(self, rows: Sequence[Any], by: User | None) -> None:
        for row in rows:
            row.updated_by, row.updated, row.revision = by, timezone.now(), row.revision + 1
        fields = [*(name.removesuffix("_id") for name in self.fields), "updated_by", "updated", "revision"]
        self.model._default_manager.bulk_update(rows, fields, batch_size=200)

    def _record_in_audit_log(self, rows: Iterable[tuple[Any, Change]], action: int, by: User | None) -> None:
        def changes(row: Any, change: Change) -> audit.Changes:
            name = getattr(row, self.key)
            if action == audit.CHANGED:
                after, before = change.after or {}, change.before or {}
                return {it: (after[it], before[it]) for it in self.fields if after[it] != before[it]}
            return {self.key: (None, name) if action == audit.CREATED else (name, None)}

        audit.record_all([(row, changes(row, change)) for row, change in rows], by=by, action=action)


@register_undoable
class _Intents(_TrainingDataRows):
    model = Intent
    fields = ("answer", "deleted")
    key = "name"

    def is_unused(self, row: Intent) -> bool:
        """Where no example, answer, rule or story needs it. The name is as free as before it was made."""
        needed = row.answer or row.examples.filter(deleted=None).exists() or row.name in usage_of(row.bot).named
        return not needed


@register_undoable
class _Examples(_TrainingDataRows):
    model = Example
    # Not its text: no step that can be undone changes it. Its hash tells whether somebody did.
    fields = ("intent_id", "exact", "use", "entities", "confirmed", "annotated", "deleted")
    key = "text"

    def find(self, keys: Iterable[int]) -> dict[int, Example]:
        return Example.objects.select_related("intent").defer("vector").in_bulk(list(keys))

    def with_free_place(self, rows: Sequence[tuple[Example, Change]]) -> list[tuple[Example, Change]]:
        """Under the intent that has the name now, or took the examples over, where their own is gone; once, where
        another has the place."""
        if not rows:
            return []
        bot = rows[0][0].bot
        alive, changes = bot.intents.filter(deleted=None).in_bulk(), intent_changes_of(bot)
        names = {intent.name: intent for intent in alive.values()}
        others = Example.objects.filter(bot=bot, deleted=None, exact__in={row.exact for row, _ in rows})
        taken = set(others.exclude(pk__in=[row.pk for row, _ in rows]).values_list("intent", "exact"))
        back = []
        for row, change in rows:
            intent = alive.get(row.intent_id) or Intent.objects.filter(pk=row.intent_id).first()
            if intent is None:
                raise BadExample("The intent that they had is not in the bot's files any more. Create it first.")
            if intent.deleted:
                now = names.get(intent.name) or names.get(current_name(intent.name, changes))
                if now is None and not (change.after or {})["deleted"]:
                    raise BadExample(f"There is no intent {intent.name}. Create it first.")
                intent = now or intent
            if (intent.pk, row.exact) not in taken:
                taken.add((intent.pk, row.exact))
                row.intent = intent
                back.append((row, change))
        return back

    def _record_in_audit_log(self, rows: Iterable[tuple[Any, Change]], action: int, by: User | None) -> None:
        if action != audit.CHANGED:
            return super()._record_in_audit_log(rows, action, by)
        intents = dict(Intent.objects.filter(bot__in={row.bot_id for row, _ in rows}).values_list("pk", "name"))
        entries = []
        for row, change in rows:
            after, before = change.after or {}, {**(change.before or {}), "intent_id": row.intent_id}
            changed: dict[str, tuple[Any, Any]] = {
                it: (after[it], before[it]) for it in ("use", "entities", "confirmed") if after[it] != before[it]
            }
            if after["intent_id"] != row.intent_id:
                changed["intent"] = intents.get(after["intent_id"]), row.intent.name
            entries.append((row, changed))
        return audit.record_all([(row, changed) for row, changed in entries if changed], by=by)


@register_undoable
class _Responses(_TrainingDataRows):
    model = Response
    fields = ("variations", "edited", "deleted")
    key = "name"


@register_undoable
class _Synonyms(_TrainingDataRows):
    model = Synonym
    fields = ("value", "deleted")
    key = "text"


@register_undoable
class _IntentChanges(UndoableRows):
    """What an intent was renamed to, or that it was deleted: made by a change, never changed."""

    model = IntentChange
    fields = ("old", "new", "keeps_rules")

    def restore(self, rows: Pairs, by: User | None) -> list[Change]:
        IntentChange.objects.filter(pk__in=[change.row for _, change in rows]).delete()
        return [change for _, change in rows]
