"""Writes to responses: what the assistant says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from training.errors import InUse
from training.models import Bot, Response
from training.selectors.usage import usage_of, users_of
from training.services.locking import locked
from training.validation import checked_response, checked_variations

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
        return written_response(locked(bot), name, variations, by, revision)


def delete_response(*, response: Response, by: User | None) -> datetime:
    """Returns the mark by which `restore_deleted` brings it back. Raises InUse where something says it."""
    mark = timezone.now()
    with write_transaction():
        bot = locked(response.bot)
        row = Response.objects.get(pk=response.pk)
        if row.deleted:
            return row.deleted
        if users := users_of(row, usage_of(bot)):
            raise InUse(f"Still in use: {row.name} is said by {', '.join(users)}.")
        audit.record(row, {"variations": (row.variations, None)}, by=by, action=audit.DELETED)
        row.deleted, row.updated_by, row.revision = mark, by, row.revision + 1
        row.save()
    return mark


def set_variations(row: Response, variations: Variations, by: User | None) -> None:
    """Called in the transaction of a service."""
    audit.record(row, {"variations": (row.variations, variations)}, by=by)
    row.variations, row.updated_by, row.revision = variations, by, row.revision + 1
    row.save()


def written_response(
    bot: Bot, name: str, variations: Sequence[Mapping[str, Any]], by: User | None, revision: int
) -> Response:
    """Called in the transaction of a service. Raises ChangedMeanwhile."""
    row = Response.objects.filter(bot=bot, name=name, deleted=None).first()
    now = row.revision if row else 0
    if now != revision:
        raise ChangedMeanwhile(f"Somebody changed {name} meanwhile. Look at it again.", response=name, revision=now)
    before = row.variations if row else None
    wanted = checked_variations(variations)
    if row and before == wanted:
        return row
    row = row or Response(bot=bot, name=name, revision=0)
    row.variations, row.edited, row.updated_by, row.revision = wanted, True, by, row.revision + 1
    row.save()
    action = audit.CREATED if before is None else audit.CHANGED
    audit.record(row, {"variations": (before, wanted)}, by=by, action=action)
    return row
