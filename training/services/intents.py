"""Writes to intents: make, rename, delete them, and say what answers them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from training.bundles import RenamedIntent
from training.bundles.renaming import rename_in_buttons
from training.errors import BadIntent, InUse
from training.models import Bot, Example, Intent, IntentChange, Response
from training.selectors.usage import answer_of, usage_of
from training.services.examples import intent_of, mark_deleted
from training.services.locking import locked
from training.services.responses import Variations, set_variations, written_response
from training.signals import intent_renamed
from training.validation import checked_intent, checked_new_intent, checked_response

Staff = User | None


def create_intent(*, bot: Bot, name: str, by: Staff) -> Intent:
    """One that was deleted comes back, with the project's rules for it, without its examples. Raises BadIntent."""
    name = checked_intent(name)
    with write_transaction():
        bot = locked(bot)
        _check_free(bot, name)
        return intent_of(bot, name, by)


def rename_intent(*, intent: Intent, name: str, by: Staff, seen: str | None = None) -> Intent:
    """Rules, stories, buttons and the domain follow. `seen`: the name that the writer saw. Raises BadIntent, or
    ChangedMeanwhile."""
    name = checked_intent(name)
    with write_transaction():
        row = alive_intent(intent)
        if seen is not None and seen != row.name:
            raise ChangedMeanwhile(f"Somebody called {seen} {row.name} meanwhile.", name=row.name)
        if name == row.name:
            return row
        checked_new_intent(name)
        _check_family(row.name, name)
        _check_free(row.bot, name)
        old = row.name
        note_change(row.bot, RenamedIntent(old, name, True), by)
        _rename_retrieved(row.bot, old, name, by)
        row.name, row.updated_by, row.revision = name, by, row.revision + 1
        row.save()
        audit.record(row, {"name": (old, name)}, by=by)
    return row


def delete_intent(*, intent: Intent, by: Staff) -> datetime:
    """With its examples, and with the rules and stories that name it. Returns the mark by which `restore_deleted`
    brings all of it back."""
    mark = timezone.now()
    with write_transaction():
        row = alive_intent(intent)
        examples = examples_alive(row)
        mark_deleted(examples, mark, by)
        audit.record(row, {"name": (row.name, None), "examples": (len(examples), 0)}, by=by, action=audit.DELETED)
        IntentChange.objects.create(bot=row.bot, old=row.name, new="", keeps_rules=False)
        mark_intent_deleted(row, mark, by)
    return mark


def drop_unused_intent(*, bot: Bot, name: str, by: Staff) -> None:
    """Where no example, answer, rule or story needs it. The name is as free as before it was made."""
    with write_transaction():
        row = Intent.objects.filter(bot=locked(bot), name=name, deleted=None).first()
        if row is None or row.answer or examples_alive(row) or row.name in usage_of(bot).named:
            return
        audit.record(row, {"name": (row.name, None)}, by=by, action=audit.DELETED)
        mark_intent_deleted(row, timezone.now(), by)


def set_answer(*, intent: Intent, texts: Sequence[str], by: Staff, revision: int = 0) -> Response | None:
    """What the assistant says to it, in as many variations. Where a rule of the project says a response, that one is
    written; no text at all takes our own rule back. A retrieval intent needs no rule. `revision`: that of the response
    as the writer saw it, 0 where there was none.

    Raises InUse where the project does more than say something, or ChangedMeanwhile."""
    texts = [text.strip() for text in texts if text.strip()]
    with write_transaction():
        row = alive_intent(intent)
        usage = usage_of(row.bot)
        name = answer_of(row, usage)
        if not name and row.name in usage.handled:
            raise InUse(f"The project answers {row.name} itself: {', '.join(usage.handled[row.name])}.")
        if not texts:
            _set_answer(row, "", by)
            return None
        name = name or checked_response(f"utter_{row.name}")
        response = written_response(row.bot, name, _with_texts(row.bot, name, texts), by, revision)
        if row.name not in usage.answers and "/" not in row.name:
            _set_answer(row, name, by)
    return response


def alive_intent(intent: Intent) -> Intent:
    locked(intent.bot)
    row = Intent.objects.select_related("bot").get(pk=intent.pk)
    if row.deleted:
        raise BadIntent(f"The intent {row.name} is not there any more.")
    return row


def _check_free(bot: Bot, name: str) -> None:
    if Intent.objects.filter(bot=bot, name=name, deleted=None).exists():
        raise BadIntent(f"There is an intent {name} already. Merge the two instead.", code="exists_already")


def _check_family(old: str, new: str) -> None:
    """The part before the slash is known to the domain, the pipeline and the actions."""
    if old.partition("/")[:2] != new.partition("/")[:2] and "/" in old + new:
        raise BadIntent(f"Only what is after the slash of {old if '/' in old else new} can be renamed.")


def note_change(bot: Bot, change: RenamedIntent, by: Staff) -> dict[int, Variations]:
    """Written down for the files; our own responses follow at once, and whoever else names intents. Called in the
    transaction of a service. Returns the variations that responses had before, by id."""
    IntentChange.objects.create(bot=bot, old=change.old, new=change.new, keeps_rules=change.keeps_rules)
    intent_renamed.send(Intent, bot=bot, old=change.old, new=change.new)
    before = {}
    for row in Response.objects.filter(bot=bot, deleted=None):
        variations = rename_in_buttons(row.variations, [change])
        if variations != row.variations:
            before[row.pk] = row.variations
            set_variations(row, variations, by)
    return before


def _rename_retrieved(bot: Bot, old: str, new: str, by: Staff) -> None:
    """`utter_faq/hours` belongs to `faq/hours`."""
    if "/" not in old:
        return
    theirs = Response.objects.filter(bot=bot, deleted=None)
    row = theirs.filter(name=f"utter_{old}").first()
    if row is None:
        return
    if theirs.filter(name=f"utter_{new}").exists():
        raise BadIntent(f"There is a response utter_{new} already. Delete it first, or choose another name.")
    row.name, row.edited, row.updated_by, row.revision = f"utter_{new}", True, by, row.revision + 1
    row.save()
    audit.record(row, {"name": (f"utter_{old}", row.name)}, by=by)


def examples_alive(intent: Intent) -> list[Example]:
    return list(intent.examples.filter(deleted=None).select_related("intent").defer("vector"))


def mark_intent_deleted(row: Intent, mark: datetime, by: Staff) -> None:
    row.deleted, row.updated_by, row.revision = mark, by, row.revision + 1
    row.save()


def _set_answer(row: Intent, answer: str, by: Staff) -> None:
    if row.answer != answer:
        audit.record(row, {"answer": (row.answer, answer)}, by=by)
        row.answer, row.updated_by, row.revision = answer, by, row.revision + 1
        row.save()


def _with_texts(bot: Bot, name: str, texts: Sequence[str]) -> list[dict[str, object]]:
    """Buttons and the like of the variation in the same place stay."""
    there = Response.objects.filter(bot=bot, name=name, deleted=None).first()
    old = there.variations if there else []
    return [{**(old[place] if place < len(old) else {}), "text": text} for place, text in enumerate(texts)]
