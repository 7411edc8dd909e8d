"""What is stored of one person, found and erased. Each app that stores something of people registers a store:

    @register_store("bookings")
    class Bookings:
        def names(self, identifier: str) -> list[str]: ...
        def find(self, person: Person) -> list[ErasureCount]: ...
        def erase(self, person: Person) -> list[ErasureCount]: ...

A module that its `AppConfig.ready` imports is the place. `names` says whom an identifier may mean, by names that mean
one person only, as `booking:R-1234`; `find` and `erase` get such a name and pass over those of other stores.
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
    """`why_kept`: why it can't be erased, and what to do about it; empty for what goes."""

    what: str
    count: int
    why_kept: str = ""


class Store(Protocol):
    def names(self, identifier: str) -> list[str]: ...

    def find(self, person: Person) -> list[ErasureCount]:
        """What there is. Changes nothing."""
        ...

    def erase(self, person: Person) -> list[ErasureCount]:
        """In transactions of its own, so that what was begun and killed is found and erased the next time."""
        ...


S = TypeVar("S", bound=type)
_stores: dict[str, Store] = {}


def register_store(kind: str) -> Callable[[S], S]:
    def register(store: S) -> S:
        _stores[kind] = store()
        return store

    return register


def person_names(identifier: str) -> list[str]:
    return sorted({name for store in _stores.values() for name in store.names(identifier)})


def find_personal_data(person: Person) -> list[ErasureCount]:
    return [found for store in _stores.values() for found in store.find(person) if found.count]


def erase_personal_data(person: Person) -> list[ErasureCount]:
    """The audit log keeps that it was done and how much went; of whom, only as a keyed hash."""
    gone = [found for store in _stores.values() for found in store.erase(person) if found.count]
    removed = {found.what: [found.count, 0] for found in gone if not found.why_kept}
    if removed:
        with write_transaction():
            LogEntry.objects.create(
                content_type=ContentType.objects.get_for_model(LogEntry),
                object_pk=salted_hmac("erased-person", repr(person)).hexdigest()[:16],
                object_repr="a person",
                action=LogEntry.Action.DELETE,
                changes=removed,
            )
    return gone


# --- the audit log


def entries_about(model: type[Model], ids: Iterable[int]) -> QuerySet[LogEntry]:
    kind = ContentType.objects.get_for_model(model)
    return LogEntry.objects.filter(content_type=kind, object_id__in=list(ids)).exclude(object_repr=ERASED)


def redact_logs_about(model: type[Model], ids: Iterable[int]) -> int:
    """What both logs say of these rows, ours and the one that Django's own pages write. How many entries of ours lost
    their words. In the caller's transaction, like the rest."""
    known = list(ids)
    kind = ContentType.objects.get_for_model(model)
    theirs = AdminEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in known])
    theirs.update(object_repr=ERASED, change_message="")
    return redact_entries(entries_about(model, known))


def entries_containing(texts: Iterable[str]) -> QuerySet[LogEntry]:
    wanted = Q(pk__in=[])
    for text in texts:
        escaped = json.dumps(text)[1:-1]  # as SQLite stores it
        wanted |= Q(changes__icontains=text) | Q(changes__icontains=escaped) | Q(object_repr__icontains=text)
    return LogEntry.objects.filter(wanted)


def redact_entries(entries: QuerySet[LogEntry]) -> int:
    """That something changed is kept, who changed it and when; from what to what is not."""
    rows = list(entries)
    for row in rows:
        row.object_repr, row.serialized_data, row.additional_data = ERASED, None, None
        row.changes = {name: [ERASED, ERASED] for name in row.changes or {}}
    fields = ["object_repr", "serialized_data", "additional_data", "changes"]
    LogEntry.objects.bulk_update(rows, fields, batch_size=200)
    return len(rows)


def redacted(value: Any, texts: Iterable[str]) -> Any:
    """The same JSON with ERASED in place of every string that has one of these in it, in whatever case."""
    if isinstance(value, str):
        return ERASED if any(text.casefold() in value.casefold() for text in texts) else value
    if isinstance(value, list):
        return [redacted(part, texts) for part in value]
    if isinstance(value, dict):
        return {name: redacted(part, texts) for name, part in value.items()}
    return value
