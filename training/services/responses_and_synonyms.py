"""Writes to responses, what the assistant says, and to synonyms, what it takes a word for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from assistant.change_sets import change_set, record, state_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from training.errors import BadSynonym, InUse
from training.models import Bot, Response, Synonym
from training.selectors.training_data import usage_of, users_of
from training.services.bots import lock_bot
from training.validation import checked_response, checked_synonym, checked_variations

Variations = list[dict[str, Any]]


def save_response(
    *,
    bot: Bot,
    name: str,
    variations: Sequence[Mapping[str, Any]],
    by: User | None,
    revision: int = 0,
) -> Response:
    """Made where there is none. `revision`: the one that the writer saw, 0 where there was none. Raises BadResponse, or
    ChangedMeanwhile."""
    name, variations = checked_response(name), checked_variations(variations)
    with write_transaction():
        return write_response(lock_bot(bot), name, variations, by, revision)


def delete_response(*, response: Response, by: User | None) -> datetime:
    """Returns the moment by which `restore_deleted` brings it back. Raises InUse where something says it."""
    with change_set(f"Deleted {response.name}.", about=response.bot, by=by) as step:
        bot = lock_bot(response.bot)
        row = Response.objects.get(pk=response.pk)
        if row.deleted:
            return row.deleted
        if users := users_of(row, usage_of(bot)):
            raise InUse(f"Still in use: {row.name} is said by {', '.join(users)}.")
        audit.record(row, {"variations": (row.variations, None)}, by=by, action=audit.DELETED)
        _mark_deleted(row, step.moment, by)
    return step.moment


def write_response(
    bot: Bot, name: str, variations: Sequence[Mapping[str, Any]], by: User | None, revision: int
) -> Response:
    """`save_response` without its own transaction and lock: called in those of a service. Raises ChangedMeanwhile."""
    row = Response.objects.filter(bot=bot, name=name, deleted=None).first()
    now = row.revision if row else 0
    if now != revision:
        raise ChangedMeanwhile(f"Somebody changed {name} meanwhile. Look at it again.", response=name, revision=now)
    before = row.variations if row else None
    wanted = checked_variations(variations)
    if row and before == wanted:
        return row  # not edited: files go on changing it
    row = row or Response(bot=bot, name=name, revision=0)
    # From now on files do not change it any more.
    row.variations, row.edited, row.updated_by, row.revision = wanted, True, by, row.revision + 1
    row.save()
    action = audit.CREATED if before is None else audit.CHANGED
    audit.record(row, {"variations": (before, wanted)}, by=by, action=action)
    return row


def set_variations(row: Response, variations: Variations, by: User | None) -> None:
    """What follows from another change, such as a renamed intent: files go on changing the response. Called in the
    transaction of a service."""
    audit.record(row, {"variations": (row.variations, variations)}, by=by)
    before = state_of(row)
    row.variations, row.updated_by, row.revision = variations, by, row.revision + 1
    row.save()
    record(row, before, state_of(row))


def save_synonym(*, bot: Bot, value: str, text: str, by: User | None) -> Synonym:
    """`text` means `value` from now on, whatever it meant before. Raises BadSynonym; also where the text means another
    value in another case: the engine looks at neither's case, and one of the two would win by chance."""
    value, text = checked_synonym(value, "the value"), checked_synonym(text, "the text")
    if value == text:
        raise BadSynonym("A text is its own value already.")
    with write_transaction():
        bot = lock_bot(bot)
        others = Synonym.objects.filter(bot=bot, deleted=None).exclude(text=text).exclude(value=value)
        # Compared in Python: SQLite knows the case of ASCII only.
        for other in others.only("text", "value"):
            if other.text.lower() == text.lower():
                raise BadSynonym(
                    f"“{other.text}” means {other.value} already, and case makes no difference. Remove that first."
                )
        row = Synonym.objects.filter(bot=bot, text=text, deleted=None).first()
        before = row.value if row else None
        row = row or Synonym(bot=bot, text=text, revision=0)
        row.value, row.updated_by, row.revision = value, by, row.revision + 1
        row.save()
        action = audit.CREATED if before is None else audit.CHANGED
        audit.record(row, {"value": (before, value)}, by=by, action=action)
    return row


def delete_synonym(*, synonym: Synonym, by: User | None) -> datetime:
    """Returns the moment by which `restore_deleted` brings it back."""
    label = f"“{synonym.text}” does not mean {synonym.value} any more."
    with change_set(label, about=synonym.bot, by=by) as step:
        lock_bot(synonym.bot)
        row = Synonym.objects.get(pk=synonym.pk)
        if row.deleted:
            return row.deleted
        audit.record(row, {"value": (row.value, None)}, by=by, action=audit.DELETED)
        _mark_deleted(row, step.moment, by)
    return step.moment


def _mark_deleted(row: Response | Synonym, mark: datetime, by: User | None) -> None:
    before = state_of(row)
    row.deleted, row.updated_by, row.revision = mark, by, row.revision + 1
    row.save()
    record(row, before, state_of(row))
