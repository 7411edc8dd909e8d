"""Writes to intents: make, rename, merge and delete them, and say what answers them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User

from assistant.change_sets import change_set, record, state_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from assistant.models import ChangeSet
from training.bundles import RenamedIntent
from training.bundles.renaming import rename_in_buttons
from training.errors import BadIntent, InUse
from training.models import Bot, Example, Intent, IntentChange, Response
from training.selectors.training_data import answer_of, usage_of
from training.services.bots import lock_bot
from training.services.examples import get_or_create_intent, mark_deleted, update_examples
from training.services.responses_and_synonyms import set_variations, write_response
from training.signals import intent_renamed
from training.validation import checked_intent, checked_new_intent, checked_response

Staff = User | None


def create_intent(*, bot: Bot, name: str, by: Staff) -> Intent:
    """One that was deleted comes back, with the project's rules for it, without its examples. Raises BadIntent."""
    name = checked_intent(name)
    with write_transaction():
        bot = lock_bot(bot)
        _check_free(bot, name)
        return get_or_create_intent(bot, name, by)


def rename_intent(*, intent: Intent, name: str, by: Staff, seen: str | None = None) -> Intent:
    """Rules, stories, buttons and the domain follow. `seen`: the name that the writer saw. Raises BadIntent, or
    ChangedMeanwhile."""
    name = checked_intent(name)
    with write_transaction():
        row = existing_intent(intent)
        old = row.name
        if seen is not None and seen != old:
            raise ChangedMeanwhile(f"Somebody called {seen} {old} meanwhile.", name=old)
        if name == old:
            return row
        checked_new_intent(name)
        # The part before the slash is known to the domain, the pipeline and the actions.
        if "/" in old + name and old.partition("/")[:2] != name.partition("/")[:2]:
            raise BadIntent(f"Only what is after the slash of {old if '/' in old else name} can be renamed.")
        _check_free(row.bot, name)
        record_intent_change(row.bot, RenamedIntent(old, name, True), by)
        if "/" in old:
            _rename_its_response(row.bot, old, name, by)
        row.name, row.updated_by, row.revision = name, by, row.revision + 1
        row.save()
        audit.record(row, {"name": (old, name)}, by=by)
    return row


def merge_intents(*, source: Intent, target: Intent, by: Staff) -> ChangeSet:
    """The target takes the source's examples. Rules and stories that name the source are left out from now on; buttons
    that named it name the target. Raises BadIntent. `undo_change` undoes what is returned."""
    label = f"Merged {source.name} into {target.name}."
    with change_set(label, about=source.bot, by=by) as step:
        gone, kept = existing_intent(source), existing_intent(target)
        if gone == kept or gone.bot_id != kept.bot_id:
            raise BadIntent("Choose another intent of the same bot to merge with.")
        there = {row.exact for row in existing_examples(kept)}
        rows = existing_examples(gone)
        moving = [row for row in rows if row.exact not in there]
        # Of examples that both have, the target's stay.
        mark_deleted([row for row in rows if row.exact in there], step.moment, by)
        audit.record_all(((row, {"intent": (gone.name, kept.name)}) for row in moving), by=by)
        update_examples(moving, by, intent=kept)
        record_intent_change(kept.bot, RenamedIntent(gone.name, kept.name, False), by)
        mark_intent_deleted(gone, step.moment, by)
        changes = {"merged_into": (None, kept.name), "examples": (len(moving), 0)}
        audit.record(gone, changes, by=by, action=audit.DELETED)
    return step.row


def delete_intent(*, intent: Intent, by: Staff) -> datetime:
    """With its examples, and with the rules and stories that name it. Returns the moment by which `restore_deleted`
    brings all of it back."""
    with change_set(f"Deleted {intent.name} and its examples.", about=intent.bot, by=by) as step:
        row = existing_intent(intent)
        examples = existing_examples(row)
        mark_deleted(examples, step.moment, by)
        audit.record(row, {"name": (row.name, None), "examples": (len(examples), 0)}, by=by, action=audit.DELETED)
        change = IntentChange.objects.create(bot=row.bot, old=row.name, new="", keeps_rules=False)
        record(change, None, state_of(change))
        mark_intent_deleted(row, step.moment, by)
    return step.moment


def set_answer(*, intent: Intent, texts: Sequence[str], by: Staff, revision: int = 0) -> Response | None:
    """What the assistant says to it, in as many variations. Where a rule of the project says a response, that one is
    written; no text at all takes our own rule back. A retrieval intent needs no rule. `revision`: that of the response
    as the writer saw it, 0 where there was none.

    Raises InUse where the project does more than say something, or ChangedMeanwhile."""
    texts = [text.strip() for text in texts if text.strip()]
    with write_transaction():
        row = existing_intent(intent)
        usage = usage_of(row.bot)
        name = answer_of(row, usage)
        if not name and row.name in usage.handled:
            raise InUse(f"The project answers {row.name} itself: {', '.join(usage.handled[row.name])}.")
        if not texts:
            _set_rule(row, "", by)
            return None
        name = name or checked_response(f"utter_{row.name}")
        there = Response.objects.filter(bot=row.bot, name=name, deleted=None).first()
        old = there.variations if there else []
        # Buttons and the like of the variation in the same place stay.
        variations = [{**(old[place] if place < len(old) else {}), "text": text} for place, text in enumerate(texts)]
        response = write_response(row.bot, name, variations, by, revision)
        # A rule of the project, or the retrieval intent's own name, leads to the response already.
        if row.name not in usage.answers and "/" not in row.name:
            _set_rule(row, name, by)
    return response


def existing_intent(intent: Intent) -> Intent:
    """The row as it is now, its bot locked until the transaction ends. Raises BadIntent where it was deleted."""
    lock_bot(intent.bot)
    row = Intent.objects.select_related("bot").get(pk=intent.pk)
    if row.deleted:
        raise BadIntent(f"The intent {row.name} is not there any more.")
    return row


def existing_examples(intent: Intent) -> list[Example]:
    """Those of its examples that are not deleted."""
    return list(intent.examples.filter(deleted=None).select_related("intent").defer("vector"))


def record_intent_change(bot: Bot, change: RenamedIntent, by: Staff) -> None:
    """Written down for the files; our own responses follow at once, and whoever else names intents. Called in the
    transaction of a service."""
    row = IntentChange.objects.create(bot=bot, old=change.old, new=change.new, keeps_rules=change.keeps_rules)
    record(row, None, state_of(row))
    intent_renamed.send(Intent, bot=bot, old=change.old, new=change.new)
    for response in Response.objects.filter(bot=bot, deleted=None):
        variations = rename_in_buttons(response.variations, [change])
        if variations != response.variations:
            set_variations(response, variations, by)


def mark_intent_deleted(row: Intent, mark: datetime, by: Staff) -> None:
    """Called in the transaction of a service, which writes the audit log."""
    before = state_of(row)
    row.deleted, row.updated_by, row.revision = mark, by, row.revision + 1
    row.save()
    record(row, before, state_of(row))


def _check_free(bot: Bot, name: str) -> None:
    if Intent.objects.filter(bot=bot, name=name, deleted=None).exists():
        raise BadIntent(f"There is an intent {name} already. Merge the two instead.", code="exists_already")


def _rename_its_response(bot: Bot, old: str, new: str, by: Staff) -> None:
    """A retrieval intent is answered by the response of its name: `faq/hours` by `utter_faq/hours`."""
    responses = Response.objects.filter(bot=bot, deleted=None)
    row = responses.filter(name=f"utter_{old}").first()
    if row is None:
        return
    if responses.filter(name=f"utter_{new}").exists():
        raise BadIntent(f"There is a response utter_{new} already. Delete it first, or choose another name.")
    row.name, row.edited, row.updated_by, row.revision = f"utter_{new}", True, by, row.revision + 1
    row.save()
    audit.record(row, {"name": (f"utter_{old}", row.name)}, by=by)


def _set_rule(row: Intent, answer: str, by: Staff) -> None:
    """The rule of ours that says the response `answer`; empty for none."""
    if row.answer != answer:
        audit.record(row, {"answer": (row.answer, answer)}, by=by)
        row.answer, row.updated_by, row.revision = answer, by, row.revision + 1
        row.save()
