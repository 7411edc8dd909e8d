"""What is stored of a colleague, `staff:NAME`, and what the audit log says in a person's words."""

from __future__ import annotations

from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from admin_ui.selectors import data_stored_about
from admin_ui.services.erasure import erase_colleague
from assistant.lib.database import write_transaction
from assistant.lib.erasure import ErasureCount, Person, entries_containing, redacted, register_store

PREFIX = "staff:"
OTHER_ENTRIES = "other audit log entries, the texts in them"


@register_store("staff")
class StaffStore:
    """Colleagues."""

    def names(self, identifier: str) -> list[str]:
        """By user name, or by e-mail address."""
        name = identifier.removeprefix(PREFIX)
        rows = User.objects.filter(Q(username=name) | Q(email__iexact=name) & ~Q(email=""))
        return [f"{PREFIX}{row.username}" for row in rows]

    def find(self, person: Person) -> list[ErasureCount]:
        return [found for user in _users(person) for found in data_stored_about(user)]

    def erase(self, person: Person) -> list[ErasureCount]:
        return [found for user in _users(person) for found in erase_colleague(user=user)]


@register_store("audit log")
class AuditLogStore:
    """What other entries say in a person's words. The stores of lower apps come before it and forget whole entries."""

    def names(self, identifier: str) -> list[str]:
        return []

    def find(self, person: Person) -> list[ErasureCount]:
        return [ErasureCount(OTHER_ENTRIES, entries_containing(person.texts).count())]

    def erase(self, person: Person) -> list[ErasureCount]:
        # Texts of this person in entries about others: the entries stay, the texts go.
        with write_transaction():
            rows = list(entries_containing(person.texts))
            for row in rows:
                row.changes = redacted(row.changes, person.texts)
                row.object_repr = redacted(row.object_repr, person.texts)
            LogEntry.objects.bulk_update(rows, ["changes", "object_repr"], batch_size=200)
        return [ErasureCount(OTHER_ENTRIES, len(rows))]


def _users(person: Person) -> QuerySet[User]:
    if not person.name.startswith(PREFIX):
        return User.objects.none()
    return User.objects.filter(username=person.name.removeprefix(PREFIX))
