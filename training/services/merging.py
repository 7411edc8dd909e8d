"""Two intents become one, and two again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from training.bundles import RenamedIntent
from training.errors import BadIntent
from training.models import Example, Intent, Response
from training.selectors.data import intent_now
from training.services.examples import mark_deleted, set_on
from training.services.intents import alive_intent, examples_alive, mark_intent_deleted, note_change
from training.services.locking import locked
from training.services.responses import Variations, set_variations
from training.services.undoing import Restored, restore_deleted
from training.signals import merge_undone

Staff = User | None


@dataclass(frozen=True)
class Merge:
    """What takes it back, as JSON can say it. `mark`: of what was deleted; `examples`: ids of what moved, with the
    revisions since; `responses`: ids, with the revisions since and the variations before."""

    source: int
    target: str
    mark: str
    examples: list[tuple[int, int]]
    responses: list[tuple[int, int, Variations]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def merge_intents(*, source: Intent, target: Intent, by: Staff) -> Merge:
    """The target takes the source's examples. Rules and stories that name the source are left out from now on; buttons
    that named it name the target. Raises BadIntent. `unmerge_intents` takes it back."""
    mark = timezone.now()
    with write_transaction():
        gone, kept = alive_intent(source), alive_intent(target)
        if gone == kept or gone.bot_id != kept.bot_id:
            raise BadIntent("Choose another intent of the same bot to merge with.")
        moved = _take_over(gone, kept, mark, by)
        before = note_change(kept.bot, RenamedIntent(gone.name, kept.name, False), by)
        mark_intent_deleted(gone, mark, by)
        changes = {"merged_into": (None, kept.name), "examples": (len(moved), 0)}
        audit.record(gone, changes, by=by, action=audit.DELETED)
        revisions = dict(Response.objects.filter(pk__in=before).values_list("pk", "revision"))
    responses = [(pk, revisions[pk], variations) for pk, variations in before.items()]
    return Merge(gone.pk, kept.name, mark.isoformat(), [(row.pk, row.revision + 1) for row in moved], responses)


def unmerge_intents(*, merge: Merge, by: Staff) -> Restored:
    """The source is back with its rules, its buttons and those of its examples that nobody has changed since. Raises
    BadIntent where its name is in use again."""
    with write_transaction():
        row = Intent.objects.select_related("bot").get(pk=merge.source)
        bot, mark = locked(row.bot), datetime.fromisoformat(merge.mark)
        if row.deleted != mark or bot.intents.filter(name=row.name, deleted=None).exists():
            raise BadIntent(f"Somebody made {row.name} anew meanwhile. Move the examples back yourself.")
        target = intent_now(bot, merge.target)
        changes = bot.intent_changes.filter(old=row.name, keeps_rules=False)
        changes.filter(pk__in=changes.order_by("-id").values("pk")[:1]).delete()
        back = restore_deleted(bot=bot, mark=mark, by=by).with_examples(_give_back(row, merge, by))
        for pk, revision, variations in merge.responses:
            if response := Response.objects.filter(pk=pk, revision=revision, deleted=None).first():
                set_variations(response, variations, by)
        merge_undone.send(Intent, bot=bot, intent=row, was=target)
    return back


def _take_over(gone: Intent, kept: Intent, mark: datetime, by: Staff) -> list[Example]:
    """Of examples that both have, the target's stay. Returns those that moved, as they were."""
    there = {row.exact for row in examples_alive(kept)}
    rows = examples_alive(gone)
    moving = [row for row in rows if row.exact not in there]
    mark_deleted([row for row in rows if row.exact in there], mark, by)
    audit.record_all(((row, {"intent": (gone.name, kept.name)}) for row in moving), by=by)
    set_on(moving, by, intent=kept)
    return moving


def _give_back(gone: Intent, merge: Merge, by: Staff) -> int:
    """Returns how many examples that is."""
    seen = dict(merge.examples)
    there = Example.objects.filter(bot=gone.bot, deleted=None).select_related("intent").defer("vector")
    rows = [row for row in there if seen.get(row.pk) == row.revision]
    audit.record_all(((row, {"intent": (row.intent.name, gone.name)}) for row in rows), by=by)
    set_on(rows, by, intent=gone)
    return len(rows)
