"""Erasure: finding and removing what is stored of one person. Each app that stores something of people has a store:

    @register_store("bookings")
    class Bookings:
        def names(self, identifier: str) -> list[str]: ...
        def find(self, person: Person) -> list[ErasureCount]: ...
        def erase(self, person: Person) -> list[ErasureCount]: ...

It stands in a module that the app's `AppConfig.ready` imports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from auditlog.models import LogEntry
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.crypto import salted_hmac

from assistant.lib.database import write_transaction

ERASED = "(erased)"


@dataclass(frozen=True)
class Person:
    """`name` is empty where only `texts` are looked for: an e-mail address, a phone number, a name."""

    name: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErasureCount:
    """A line of the report: how many of what is stored, or was erased."""

    what: str
    count: int
    why_kept: str = ""  # why it can't be erased, and what to do about it; empty for what can


class Store(Protocol):
    """What one app stores of people."""

    def names(self, identifier: str) -> list[str]:
        """Whom an identifier may mean, by names that mean one person only, as `booking:R-1234`."""
        ...

    def find(self, person: Person) -> list[ErasureCount]:
        """What there is; changes nothing. A person whose name is another store's is passed over."""
        ...

    def erase(self, person: Person) -> list[ErasureCount]:
        """In transactions of its own, so that what was begun and killed is found and erased the next time."""
        ...


S = TypeVar("S", bound=type)
_stores: dict[str, Store] = {}


def register_store(kind: str) -> Callable[[S], S]:
    """Register a class as the store of `kind`."""

    def register(store: S) -> S:
        _stores[kind] = store()
        return store

    return register


def person_names(identifier: str) -> list[str]:
    """Whom an identifier may mean."""
    return sorted({name for store in _stores.values() for name in store.names(identifier)})


def find_personal_data(person: Person) -> list[ErasureCount]:
    """What is stored of them."""
    return [line for store in _stores.values() for line in store.find(person) if line.count]


def erase_personal_data(person: Person) -> list[ErasureCount]:
    """Erase it. The audit log keeps that it was done and how much it was; of whom, only as a keyed hash."""
    report = [line for store in _stores.values() for line in store.erase(person) if line.count]
    erased = {line.what: [line.count, 0] for line in report if not line.why_kept}
    if erased:
        with write_transaction():
            LogEntry.objects.create(
                content_type=ContentType.objects.get_for_model(LogEntry),
                object_pk=salted_hmac("erased-person", repr(person)).hexdigest()[:16],
                object_repr="a person",
                action=LogEntry.Action.DELETE,
                changes=erased,
            )
    return report


def entries_about(model: type[Model], ids: Iterable[int]) -> QuerySet[LogEntry]:
    """Entries of the audit log about these rows that still have their words."""
    kind = ContentType.objects.get_for_model(model)
    return LogEntry.objects.filter(content_type=kind, object_id__in=list(ids)).exclude(object_repr=ERASED)


def redact_logs_about(model: type[Model], ids: Iterable[int]) -> int:
    """Redact what both logs say of these rows, ours and the one that Django's own pages write, in the caller's
    transaction. Returns how many entries of ours lost their words."""
    keys = list(ids)
    kind = ContentType.objects.get_for_model(model)
    of_django = AdminEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in keys])
    of_django.update(object_repr=ERASED, change_message="")
    entries = list(entries_about(model, keys))
    for entry in entries:
        entry.object_repr, entry.serialized_data, entry.additional_data = ERASED, None, None
        entry.changes = {name: [ERASED, ERASED] for name in entry.changes or {}}
    fields = ["object_repr", "serialized_data", "additional_data", "changes"]
    LogEntry.objects.bulk_update(entries, fields, batch_size=200)
    return len(entries)


def entries_containing(texts: Iterable[str]) -> QuerySet[LogEntry]:
    """Entries of the audit log in which one of these texts stands, in whatever case."""
    condition = Q(pk__in=[])
    for text in texts:
        escaped = json.dumps(text)[1:-1]  # as SQLite stores it
        condition |= Q(changes__icontains=text) | Q(changes__icontains=escaped) | Q(object_repr__icontains=text)
    return LogEntry.objects.filter(condition)


def redacted(value: Any, texts: Iterable[str]) -> Any:
    """The same JSON with ERASED in place of every string that has one of these in it, in whatever case."""
    if isinstance(value, str):
        return ERASED if any(text.casefold() in value.casefold() for text in texts) else value
    if isinstance(value, list):
        return [redacted(part, texts) for part in value]
    if isinstance(value, dict):
        return {name: redacted(part, texts) for name, part in value.items()}
    return value
