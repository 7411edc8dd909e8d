"""The audit log: who of the staff changed what, with before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

CREATED, CHANGED, DELETED = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE
ACCESSED = LogEntry.Action.ACCESS  # data left the product, as by an export or a download
Changes = Mapping[str, tuple[Any, Any]]


def record(row: Model, changes: Changes, *, by: AbstractBaseUser | None, action: int = CHANGED) -> None:
    """Write down what was done to a row. Called in the transaction of the change.

    `changes`: before and after by field. Nothing is written where nobody of the staff did it (`by` is None: a skill,
    an import at the start) or nothing changed.
    """
    values = _changed_values(changes)
    if by is None or (not values and action == CHANGED):
        return
    LogEntry.objects.log_create(row, force_log=True, action=action, changes=values, actor=by)


def record_all(entries: Iterable[tuple[Model, Changes]], *, by: AbstractBaseUser | None, action: int = CHANGED) -> None:
    """The same for many rows of one model at once."""
    if by is None:
        return
    written = [
        LogEntry(
            content_type=ContentType.objects.get_for_model(row),
            object_pk=str(row.pk),
            object_id=row.pk if isinstance(row.pk, int) else None,
            object_repr=str(row),
            action=action,
            changes=_changed_values(changes),
            actor=by,
        )
        for row, changes in entries
    ]
    LogEntry.objects.bulk_create(written, batch_size=200)


def redact(model: type[Model], ids: Iterable[int], field: str) -> None:
    """Forget the values of a field in what was recorded of these rows. That it changed is kept."""
    kind = ContentType.objects.get_for_model(model)
    entries = list(LogEntry.objects.filter(content_type=kind, object_id__in=list(ids), changes__has_key=field))
    for entry in entries:
        entry.changes = {**entry.changes, field: [None, "(deleted)"]}
    LogEntry.objects.bulk_update(entries, ["changes"], batch_size=200)


def _changed_values(changes: Changes) -> dict[str, list[Any]]:
    return {name: [_as_json(before), _as_json(after)] for name, (before, after) in changes.items() if before != after}


def _as_json(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
