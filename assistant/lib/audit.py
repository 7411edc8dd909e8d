"""The audit log: who of the staff changed what, with before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

CREATED, CHANGED, DELETED = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE
ACCESSED = LogEntry.Action.ACCESS  # taken out of the house, as by an export or a download
Changes = Mapping[str, tuple[Any, Any]]


def record(row: Model, changes: Changes, *, by: AbstractBaseUser | None, action: int = CHANGED) -> None:
    """`changes`: before and after by field. Nothing is written where nobody of the staff did it (`by` is None: a
    skill, an import at the start) or nothing changed. Called in the transaction of the change."""
    real = {name: [_shown(before), _shown(after)] for name, (before, after) in changes.items() if before != after}
    if by is None or (not real and action == CHANGED):
        return
    LogEntry.objects.log_create(row, force_log=True, action=action, changes=real, actor=by)


def record_all(entries: Iterable[tuple[Model, Changes]], *, by: AbstractBaseUser | None, action: int = CHANGED) -> None:
    """The same for many rows of one model at once."""
    if by is None:
        return
    written = [_entry(row, changes, by, action) for row, changes in entries]
    LogEntry.objects.bulk_create(written, batch_size=200)


def redact(model: type[Model], ids: Iterable[int], field: str) -> None:
    """That it changed is kept, from what to what is not."""
    kind = ContentType.objects.get_for_model(model)
    entries = list(LogEntry.objects.filter(content_type=kind, object_id__in=list(ids), changes__has_key=field))
    for entry in entries:
        entry.changes = {**entry.changes, field: [None, "(deleted)"]}
    LogEntry.objects.bulk_update(entries, ["changes"], batch_size=200)


def _entry(row: Model, changes: Changes, by: AbstractBaseUser, action: int) -> LogEntry:
    real = {name: [_shown(before), _shown(after)] for name, (before, after) in changes.items() if before != after}
    return LogEntry(
        content_type=ContentType.objects.get_for_model(row),
        object_pk=str(row.pk),
        object_id=row.pk if isinstance(row.pk, int) else None,
        object_repr=str(row),
        action=action,
        changes=real,
        actor=by,
    )


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
