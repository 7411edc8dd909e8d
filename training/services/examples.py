"""Writes to examples: messages and the intents that they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from training.errors import BadExample
from training.keys import alike_key, exact_key
from training.models import Bot, Example, Intent
from training.services.locking import locked
from training.validation import checked_entities, checked_intent, checked_new_intent, checked_text, checked_use

AT_ONCE = 1000
FROM_FILES = (Example.Origin.SKILL, Example.Origin.IMPORT)
Staff = User | None
Entities = Iterable[Mapping[str, Any]]


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
    marks = checked_entities(text, entities)
    text, use, name = checked_text(text), checked_use(use), checked_intent(intent)
    with write_transaction():
        target = intent_of(locked(bot), name, by)
        if move:
            others = Example.objects.filter(bot=bot, alike=alike_key(text), deleted=None).exclude(intent=target)
            mark_deleted(list(others.select_related("intent")), timezone.now(), by)
        judged = timezone.now() if origin == Example.Origin.REVIEW else None
        given = {"entities": marks, "use": use, "origin": origin, "source": source[:100], "judged": judged}
        return _added(target, text, given, by)


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
        bot = locked(example.bot)
        row = Example.objects.select_related("intent", "bot").get(pk=example.pk)
        if row.revision != revision or row.deleted:
            raise ChangedMeanwhile("Somebody changed this example meanwhile. Look at it again.", revision=row.revision)
        return _change(row, _wanted(bot, row, intent, text, entities, use, by), by)


def delete_examples(*, ids: Sequence[int], by: Staff) -> datetime:
    """Returns the mark by which `restore_deleted` brings them back."""
    mark = timezone.now()
    with write_transaction():
        mark_deleted(_chosen(ids), mark, by)
    return mark


def keep_examples(*, ids: Sequence[int], intent: str, by: Staff) -> tuple[datetime, int]:
    """Of examples with the same text those of this intent stay. Returns the mark of the others, and how many they are.
    Raises ChangedMeanwhile where none has the intent, so that one of them is left."""
    mark = timezone.now()
    with write_transaction():
        chosen = _chosen(ids)
        gone = [row for row in chosen if row.intent.name != intent]
        if len(gone) == len(chosen):
            raise ChangedMeanwhile(f"None of these is an example of {intent} any more. Nothing is deleted.")
        mark_deleted(gone, mark, by)
    return mark, len(gone)


def move_examples(
    *,
    ids: Sequence[int],
    intent: str,
    by: Staff,
    mark: datetime | None = None,
    seen: Mapping[int, int] | None = None,
) -> int:
    """Returns how many moved. One whose text the intent has already is deleted, under `mark`. `seen`: revisions by id;
    what has another one by now stays where it is."""
    name, mark, moved = checked_intent(intent), mark or timezone.now(), 0
    with write_transaction():
        for bot, rows in groupby(_chosen(ids, seen), key=lambda row: row.bot):
            moved += _move(list(rows), intent_of(bot, name, by), mark, by)
    return moved


def hold_out_examples(*, ids: Sequence[int], held_out: bool, by: Staff, seen: Mapping[int, int] | None = None) -> int:
    """Held out, they are trained on no more and say how good a version is. `seen` as in `move_examples`."""
    use = Example.Use.HELD_OUT if held_out else Example.Use.TRAINING
    with write_transaction():
        rows = [row for row in _chosen(ids, seen) if row.use != use]
        audit.record_all(((row, {"use": (row.use, use)}) for row in rows), by=by)
        set_on(rows, by, use=use)
    return len(rows)


def confirm_examples(
    *, ids: Sequence[int], by: Staff, confirmed: bool = True, seen: Mapping[int, int] | None = None
) -> int:
    """They have the right intent, whatever a model thinks that has not seen them: they are not doubted again. `seen` as
    in `move_examples`."""
    with write_transaction():
        rows = [row for row in _chosen(ids, seen) if row.confirmed != confirmed]
        audit.record_all(((row, {"confirmed": (row.confirmed, confirmed)}) for row in rows), by=by)
        set_on(rows, by, confirmed=confirmed)
    return len(rows)


def intent_of(bot: Bot, name: str, by: Staff) -> Intent:
    """The bot's intent of that name, made where there is none. A deleted one comes back without its examples."""
    row = Intent.objects.filter(bot=bot, name=name, deleted=None).first()
    if row:
        return row
    bot.intent_changes.filter(old=name, new="").delete()
    dead = Intent.objects.filter(bot=bot, name=name).order_by("-deleted").first()
    row = dead or Intent(bot=bot, name=checked_new_intent(name))
    row.deleted, row.updated_by, row.revision = None, by, row.revision + bool(dead)
    row.save()
    audit.record(row, {"name": (None, name)}, by=by, action=audit.CREATED)
    return row


def mark_deleted(rows: Sequence[Example], mark: datetime, by: Staff) -> None:
    """Called in the transaction of a service."""
    gone = ((row, {"text": (row.text, None), "intent": (row.intent.name, None)}) for row in rows)
    audit.record_all(gone, by=by, action=audit.DELETED)
    set_on(rows, by, deleted=mark)


def set_on(rows: Sequence[Example], by: Staff, **values: Any) -> None:
    """Called in the transaction of a service, which writes the audit log."""
    if "intent" in values:
        values["confirmed"] = False
    chosen = Example.objects.filter(pk__in=[row.pk for row in rows])
    chosen.update(**values, updated_by=by, updated=timezone.now(), revision=F("revision") + 1)


def _added(intent: Intent, text: str, given: dict[str, Any], by: Staff) -> Example:
    """The example that is alive, or the one that was deleted, or a new one."""
    same = Example.objects.filter(intent=intent, exact=exact_key(text)).select_related("intent", "bot")
    row = same.filter(deleted=None).first()
    if row:
        row.judged = given["judged"] or row.judged
        row.save(update_fields=["judged"])
        return row
    dead = same.order_by("-deleted").first()
    row = dead or Example(bot=intent.bot, intent=intent, text=text, created_by=by, **_keys(text))
    row.deleted, row.updated_by, row.revision = None, by, row.revision + bool(dead)
    for name, value in given.items():
        setattr(row, name, value)
    row.save()
    audit.record(row, {"text": (None, text), "intent": (None, intent.name)}, by=by, action=audit.CREATED)
    return row


def _wanted(
    bot: Bot,
    row: Example,
    intent: str | None,
    text: str | None,
    entities: Entities | None,
    use: str | None,
    by: Staff,
) -> dict[str, Any]:
    """New values by field."""
    changes: dict[str, Any] = {}
    if text is not None and checked_text(text) != row.text:
        changes |= {"text": checked_text(text), "entities": []}
    if entities is not None:
        changes["entities"] = checked_entities(row.text if text is None else text, entities)
    if use is not None:
        changes["use"] = checked_use(use)
    if intent is not None:
        changes["intent"] = intent_of(bot, checked_intent(intent), by)
    return changes


def _change(row: Example, wanted: dict[str, Any], by: Staff) -> Example:
    before = {name: getattr(row, name) for name in wanted}
    changed = {name: (before[name], value) for name, value in wanted.items() if before[name] != value}
    if not changed:
        return row
    if {"intent", "text"} & changed.keys():
        _check_free(wanted.get("intent", row.intent), wanted.get("text", row.text), row)
        _leave_behind([row])
        row.confirmed = False
    for name, value in wanted.items():
        setattr(row, name, value)
    if "text" in changed:
        row.vector = None
        for name, key in _keys(row.text).items():
            setattr(row, name, key)
    row.updated_by, row.revision = by, row.revision + 1
    row.save()
    audit.record(row, {name: (_said(old), _said(new)) for name, (old, new) in changed.items()}, by=by)
    return row


def _check_free(intent: Intent, text: str, row: Example) -> None:
    same = Example.objects.filter(intent=intent, exact=exact_key(text), deleted=None).exclude(pk=row.pk)
    if same.exists():
        raise BadExample(f"The intent {intent.name} has this example already.", code="has_it_already")


def _move(rows: Sequence[Example], target: Intent, mark: datetime, by: Staff) -> int:
    """Two with the same text become one."""
    others = [row for row in rows if row.intent_id != target.pk]
    there = set(target.examples.filter(deleted=None).values_list("exact", flat=True))
    moving = {row.exact: row for row in others if row.exact not in there}
    mark_deleted([row for row in others if moving.get(row.exact) is not row], mark, by)
    audit.record_all(((row, {"intent": (row.intent.name, target.name)}) for row in moving.values()), by=by)
    _leave_behind(list(moving.values()))
    set_on(list(moving.values()), by, intent=target)
    return len(others)


def _leave_behind(rows: Sequence[Example]) -> None:
    """What came from a file stays there in the file: a deleted row says that it is not to come again."""
    now, copies = timezone.now(), list[Example]()
    for old in Example.objects.filter(pk__in=[row.pk for row in rows if row.origin in FROM_FILES]):
        old.pk, old._state.adding, old.deleted = None, True, now
        copies.append(old)
    Example.objects.bulk_create(copies, batch_size=200)


def _chosen(ids: Sequence[int], seen: Mapping[int, int] | None = None) -> list[Example]:
    """Those of them that are there and have the revision that was seen, their bots locked."""
    if len(ids) > AT_ONCE:
        raise BadExample(f"At most {AT_ONCE:,} examples at a time.", code="too_many")
    for bot in Bot.objects.filter(examples__in=ids).distinct().order_by("pk"):
        locked(bot)
    rows = Example.objects.filter(pk__in=ids, deleted=None).select_related("intent", "bot").order_by("bot", "id")
    return [row for row in rows if seen is None or seen.get(row.pk) == row.revision]


def _keys(text: str) -> dict[str, str]:
    return {"exact": exact_key(text), "alike": alike_key(text)}


def _said(value: Any) -> Any:
    return value.name if isinstance(value, Intent) else value
