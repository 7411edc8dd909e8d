"""What change sets say in a person's words."""

from __future__ import annotations

import json

from django.db.models import Q

from assistant.lib.database import write_transaction
from assistant.lib.erasure import ErasureCount, Person, redacted, register_store
from assistant.models import Change, ChangeSet

CHANGES = "changes that could be undone, the texts in them"


@register_store("changes")
class ChangeStore:
    """Values of rows as they were before a change and after it. Such a change can't be undone any more."""

    def names(self, identifier: str) -> list[str]:
        return []

    def find(self, person: Person) -> list[ErasureCount]:
        rows, labels = _containing(person.texts)
        return [ErasureCount(CHANGES, Change.objects.filter(rows).count() + ChangeSet.objects.filter(labels).count())]

    def erase(self, person: Person) -> list[ErasureCount]:
        rows, labels = _containing(person.texts)
        with write_transaction():
            count, _ = Change.objects.filter(rows).delete()
            steps = list(ChangeSet.objects.filter(labels))
            for step in steps:
                step.label, step.undo_label = (redacted(it, person.texts) for it in (step.label, step.undo_label))
            ChangeSet.objects.bulk_update(steps, ["label", "undo_label"], batch_size=200)
        return [ErasureCount(CHANGES, count + len(steps))]


def _containing(texts: tuple[str, ...]) -> tuple[Q, Q]:
    """Of changes, and of change sets."""
    rows, labels = Q(pk__in=[]), Q(pk__in=[])
    for text in texts:
        # JSON escapes what is not ASCII, and quotes.
        for written in {text, json.dumps(text)[1:-1]}:
            rows |= Q(before__icontains=written) | Q(after__icontains=written)
        labels |= Q(label__icontains=text) | Q(undo_label__icontains=text)
    return rows, labels
