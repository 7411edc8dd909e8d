"""The audit log: who of the staff changed what, with before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

CREATED, CHANGED, DELETED = LogEntry.Action.CREATE, LogEntry.Action.UPDATE, LogEntry.Action.DELETE
Changes = Mapping[str, tuple[Any, Any]]


def note(row: Model, changes: Changes, *, by: AbstractBaseUser | None, action: int = CHANGED) -> None:
    """`changes`: before and after by field. Nothing is written where nobody of the staff did it (`by` is None: a
    skill, an import at the start) or nothing changed. Called in the transaction of the change."""
    real = {name: [_shown(before), _shown(after)] for name, (before, after) in changes.items() if before != after}
    if by is None or (not real and action == CHANGED):
        return
    LogEntry.objects.log_create(row, force_log=True, action=action, changes=real, actor=by)


def _shown(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
