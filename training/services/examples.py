"""Writes to examples: messages and the intents that they have; and their embeddings, worked out once and kept."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from threading import Event
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from assistant.change_sets import as_state, change_set, record, state_of
from assistant.embeddings import embed
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from training.errors import BadExample
from training.models import Bot, Example, Intent
from training.selectors.examples import bot_with_missing_embeddings, examples_of
from training.selectors.job_queue import unfinished_jobs
from training.services.bots import FROM_FILES, lock_bot
from training.text_keys import alike_key, exact_key
from training.validation import (
    checked_entities,
    checked_intent,
    checked_new_intent,
    checked_text,
    checked_use,
    without_overlaps,
)

log = logging.getLogger("frontdesk.training")
AT_ONCE = 1000
EMBEDDED_AT_ONCE = 100  # a quarter of a second
Staff = User | None
Entities = Iterable[Mapping[str, Any]]
_unusable_weights = Event()


def add_example(
    *,
    bot: Bot,
    intent: str,
    text: str,
    entities: Entities = (),
    use: str = Example.Use.TRAINING,
    origin: str = Example.Origin.STAFF,
    source: str = "",
    by: Staff = None,
    move: bool = False,
) -> Example:
    """Makes the intent where there is none. The same text under the same intent is returned as it is; a deleted one
    comes back. What is said in a conversation (`origin`) overrules what the text was before. `move`: wherever else the
    text stands, it is deleted. Raises BadExample or BadIntent."""
    marked = checked_entities(text, entities)
    text, use, name = checked_text(text), checked_use(use), checked_intent(intent)
    with write_transaction():
        target = get_or_create_intent(lock_bot(bot), name, by)
        if move:
            others = Example.objects.filter(bot=bot, alike=alike_key(text), deleted=None).exclude(intent=target)
            mark_deleted(list(others.select_related("intent")), timezone.now(), by)
        annotated = timezone.now() if origin == Example.Origin.REVIEW else None
        given = {"entities": marked, "use": use, "origin": origin, "source": source[:100], "annotated": annotated}
        return _create_or_restore(target, text, given, by)


def apply_correction(
    *, bot: Bot, intent: str, text: str, entities: Entities, use: str, source: str, by: User | None
) -> Example:
    """What is to be trained on is so from now on, with these entities; what is to be held out stays as it is where it
    is there. Of entities that overlap, as several extractors find them, one stays. Raises BadExample or BadIntent."""
    marked = checked_entities(text, without_overlaps(entities))
    text = text.strip()
    with write_transaction():
        origin = Example.Origin.REVIEW
        row = add_example(
            bot=lock_bot(bot), intent=intent, text=text, entities=marked, use=use, origin=origin, source=source, by=by
        )
        if use == Example.Use.TRAINING:
            row = change_example(example=row, by=by, revision=row.revision, entities=marked, use=use)
    return row


def change_example(
    *,
    example: Example,
    by: Staff,
    revision: int,
    intent: str | None = None,
    text: str | None = None,
    entities: Entities | None = None,
    use: str | None = None,
) -> Example:
    """What is None stays. `revision`: the one that was seen. Raises ChangedMeanwhile, BadExample, BadIntent.

    With a new text, entities that are not given are gone: they marked places in the old one."""
    with write_transaction():
        bot = lock_bot(example.bot)
        row = Example.objects.select_related("intent", "bot").get(pk=example.pk)
        if row.revision != revision or row.deleted:
            raise ChangedMeanwhile("Somebody changed this example meanwhile. Look at it again.", revision=row.revision)
        wanted: dict[str, Any] = {}
        if text is not None and checked_text(text) != row.text:
            wanted |= {"text": checked_text(text), "entities": []}
        if entities is not None:
            wanted["entities"] = checked_entities(row.text if text is None else text, entities)
        if use is not None:
            wanted["use"] = checked_use(use)
        if intent is not None:
            wanted["intent"] = get_or_create_intent(bot, checked_intent(intent), by)
        return _change(row, wanted, by)


def delete_examples(*, ids: Sequence[int], by: Staff) -> datetime:
    """Returns the moment by which `restore_deleted` brings them back."""
    mark = timezone.now()
    with write_transaction():
        for bot, rows in groupby(_locked_examples(ids), key=lambda row: row.bot):
            with change_set("Deleted examples.", about=bot, by=by, moment=mark) as step:
                mark = step.moment
                mark_deleted(list(rows), mark, by)
    return mark


def keep_examples(*, ids: Sequence[int], intent: str, by: Staff) -> int:
    """Of examples with the same text those of this intent stay. Returns how many others were deleted. Raises
    ChangedMeanwhile where none has the intent, so that one of them is left."""
    with write_transaction():
        chosen = _locked_examples(ids)
        gone = [row for row in chosen if row.intent.name != intent]
        if len(gone) == len(chosen):
            raise ChangedMeanwhile(f"None of these is an example of {intent} any more. Nothing is deleted.")
        mark_deleted(gone, timezone.now(), by)
    return len(gone)


def move_examples(*, ids: Sequence[int], intent: str, by: Staff) -> int:
    """Returns how many moved. One whose text the intent has already is deleted."""
    name, moved = checked_intent(intent), 0
    with write_transaction():
        for bot, rows in groupby(_locked_examples(ids), key=lambda row: row.bot):
            target = get_or_create_intent(bot, name, by)
            others = [row for row in rows if row.intent_id != target.pk]
            there = set(target.examples.filter(deleted=None).values_list("exact", flat=True))
            # Two with the same text become one.
            moving = {row.exact: row for row in others if row.exact not in there}
            mark_deleted([row for row in others if moving.get(row.exact) is not row], timezone.now(), by)
            audit.record_all(((row, {"intent": (row.intent.name, name)}) for row in moving.values()), by=by)
            _leave_deleted_copies(list(moving.values()))
            update_examples(list(moving.values()), by, intent=target)
            moved += len(others)
    return moved


def hold_out_examples(*, ids: Sequence[int], held_out: bool, by: Staff) -> int:
    """Held out, they are trained on no more and say how good a version is. Returns how many changed."""
    use = Example.Use.HELD_OUT if held_out else Example.Use.TRAINING
    with write_transaction():
        rows = [row for row in _locked_examples(ids) if row.use != use]
        audit.record_all(((row, {"use": (row.use, use)}) for row in rows), by=by)
        update_examples(rows, by, use=use)
    return len(rows)


def confirm_examples(*, ids: Sequence[int], by: Staff) -> int:
    """They have the right intent, whatever a model thinks that has not seen them: they are not doubted again. Returns
    how many changed."""
    with write_transaction():
        rows = [row for row in _locked_examples(ids) if not row.confirmed]
        audit.record_all(((row, {"confirmed": (False, True)}) for row in rows), by=by)
        update_examples(rows, by, confirmed=True)
    return len(rows)


def get_or_create_intent(bot: Bot, name: str, by: Staff) -> Intent:
    """The bot's intent of that name, made where there is none. A deleted one comes back without its examples."""
    row = Intent.objects.filter(bot=bot, name=name, deleted=None).first()
    if row:
        return row
    # Without the change that deleted it, the project's rules and stories for it are back.
    bot.intent_changes.filter(old=name, new="").delete()
    deleted = Intent.objects.filter(bot=bot, name=name).order_by("-deleted").first()
    before = state_of(deleted) if deleted else None
    row = deleted or Intent(bot=bot, name=checked_new_intent(name))
    row.deleted, row.updated_by, row.revision = None, by, row.revision + bool(deleted)
    row.save()
    record(row, before, state_of(row))
    audit.record(row, {"name": (None, name)}, by=by, action=audit.CREATED)
    return row


def mark_deleted(rows: Sequence[Example], mark: datetime, by: Staff) -> None:
    """`mark`: the moment, one for all that is deleted together. Called in the transaction of a service."""
    gone = ((row, {"text": (row.text, None), "intent": (row.intent.name, None)}) for row in rows)
    audit.record_all(gone, by=by, action=audit.DELETED)
    update_examples(rows, by, deleted=mark)


def update_examples(rows: Sequence[Example], by: Staff, **values: Any) -> None:
    """Called in the transaction of a service, which writes the audit log."""
    if "intent" in values:
        values["confirmed"] = False  # staff said it of the intent that it had
    chosen = Example.objects.filter(pk__in=[row.pk for row in rows])
    chosen.update(**values, updated_by=by, updated=timezone.now(), revision=F("revision") + 1)
    changed = as_state(Example, values)
    for row in rows:
        before = state_of(row)
        record(row, before, {**before, **changed})


def embed_examples(*, bot: Bot, at_most: int | None = None) -> int:
    """Those that have no embedding yet; some 2 ms each, with no transaction open meanwhile. Returns how many."""
    missing = examples_of(bot).filter(vector=None).order_by("id").values_list("id", "text")
    rows = list(missing if at_most is None else missing[:at_most])
    for start in range(0, len(rows), EMBEDDED_AT_ONCE):
        portion = rows[start : start + EMBEDDED_AT_ONCE]
        vectors = embed([text for _, text in portion])
        with write_transaction():
            lock_bot(bot)
            now = dict(Example.objects.filter(pk__in=[pk for pk, _ in portion]).values_list("id", "text"))
            # Not of a text that was changed meanwhile.
            embedded = [
                Example(pk=pk, vector=vector.tobytes())
                for (pk, text), vector in zip(portion, vectors, strict=True)
                if now.get(pk) == text
            ]
            Example.objects.bulk_update(embedded, ["vector"])
    return len(rows)


def embed_next_batch() -> int:
    """Some of whatever bot lacks embeddings; returns how many. 0 where there is nothing to do, a job runs or waits, or
    the weights can't be used: that is logged once, and then left alone until the next start."""
    bot = None if _unusable_weights.is_set() else bot_with_missing_embeddings()
    if bot is None or unfinished_jobs().exists():
        return 0
    try:
        embed(["hello"])
    except Exception as error:  # files of an installed package have many ways to be broken
        _unusable_weights.set()
        log.error("examples are not embedded: %s", error)
        return 0
    return embed_examples(bot=bot, at_most=EMBEDDED_AT_ONCE)


def _create_or_restore(intent: Intent, text: str, given: dict[str, Any], by: Staff) -> Example:
    """The example that is there, or the one that was deleted, or a new one."""
    same = Example.objects.filter(intent=intent, exact=exact_key(text)).select_related("intent", "bot")
    row = same.filter(deleted=None).first()
    if row:
        seen = state_of(row)
        row.annotated = given["annotated"] or row.annotated
        row.save(update_fields=["annotated"])
        record(row, seen, state_of(row))
        return row
    deleted = same.order_by("-deleted").first()
    before = state_of(deleted) if deleted else None
    row = deleted or Example(bot=intent.bot, intent=intent, text=text, created_by=by, **_keys(text))
    row.deleted, row.updated_by, row.revision = None, by, row.revision + bool(deleted)
    for name, value in given.items():
        setattr(row, name, value)
    row.save()
    record(row, before, state_of(row))
    audit.record(row, {"text": (None, text), "intent": (None, intent.name)}, by=by, action=audit.CREATED)
    return row


def _change(row: Example, wanted: dict[str, Any], by: Staff) -> Example:
    """`wanted`: new values by field. Writes nothing where they are the old ones."""
    changed = {name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value}
    if not changed:
        return row
    seen = state_of(row)
    if {"intent", "text"} & changed.keys():
        intent, text = wanted.get("intent", row.intent), wanted.get("text", row.text)
        same = Example.objects.filter(intent=intent, exact=exact_key(text), deleted=None)
        if same.exclude(pk=row.pk).exists():
            raise BadExample(f"The intent {intent.name} has this example already.", code="has_it_already")
        _leave_deleted_copies([row])
        row.confirmed = False  # staff said it of the text and the intent that it had
    for name, value in wanted.items():
        setattr(row, name, value)
    if "text" in changed:
        row.vector = None  # worked out anew by `embed_next_batch`
        for name, key in _keys(row.text).items():
            setattr(row, name, key)
    row.updated_by, row.revision = by, row.revision + 1
    row.save()
    record(row, seen, state_of(row))
    if "intent" in changed:
        before, after = changed["intent"]
        changed["intent"] = (before.name, after.name)
    audit.record(row, changed, by=by)
    return row


def _leave_deleted_copies(rows: Sequence[Example]) -> None:
    """What came from a file stays there in the file: a deleted row says that it is not to come again."""
    now, copies = timezone.now(), list[Example]()
    for old in Example.objects.filter(pk__in=[row.pk for row in rows if row.origin in FROM_FILES]):
        old.pk, old._state.adding, old.deleted = None, True, now
        copies.append(old)
    Example.objects.bulk_create(copies, batch_size=200)


def _locked_examples(ids: Sequence[int]) -> list[Example]:
    """Those of them that are there, their bots locked."""
    if len(ids) > AT_ONCE:
        raise BadExample(f"At most {AT_ONCE:,} examples at a time.", code="too_many")
    # In one order, or two that lock several bots could wait for each other.
    for bot in Bot.objects.filter(examples__in=ids).distinct().order_by("pk"):
        lock_bot(bot)
    return list(Example.objects.filter(pk__in=ids, deleted=None).select_related("intent", "bot").order_by("bot", "id"))


def _keys(text: str) -> dict[str, str]:
    return {"exact": exact_key(text), "alike": alike_key(text)}
