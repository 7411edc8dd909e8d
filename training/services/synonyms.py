"""Writes to synonyms."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.database import write_transaction
from training.errors import BadSynonym
from training.models import Bot, Synonym
from training.services.locking import locked
from training.validation import checked_synonym


def save_synonym(*, bot: Bot, value: str, text: str, by: User | None) -> Synonym:
    """`text` means `value` from now on, whatever it meant before. Raises BadSynonym; also where the text means another
    value in another case: the engine looks at neither's case, and one of the two would win by chance."""
    value, text = checked_synonym(value, "the value"), checked_synonym(text, "the text")
    if value == text:
        raise BadSynonym("A text is its own value already.")
    with write_transaction():
        bot = locked(bot)
        _refuse_another_case(bot, value, text)
        row = Synonym.objects.filter(bot=bot, text=text, deleted=None).first()
        before = row.value if row else None
        row = row or Synonym(bot=bot, text=text, revision=0)
        row.value, row.updated_by, row.revision = value, by, row.revision + 1
        row.save()
        action = audit.CREATED if before is None else audit.CHANGED
        audit.record(row, {"value": (before, value)}, by=by, action=action)
    return row


def delete_synonym(*, synonym: Synonym, by: User | None) -> datetime:
    """Returns the mark by which `restore_deleted` brings it back."""
    mark = timezone.now()
    with write_transaction():
        locked(synonym.bot)
        row = Synonym.objects.get(pk=synonym.pk)
        if row.deleted:
            return row.deleted
        audit.record(row, {"value": (row.value, None)}, by=by, action=audit.DELETED)
        row.deleted, row.updated_by, row.revision = mark, by, row.revision + 1
        row.save()
    return mark


def _refuse_another_case(bot: Bot, value: str, text: str) -> None:
    """Of all in Python: SQLite knows the case of ASCII only."""
    others = Synonym.objects.filter(bot=bot, deleted=None).exclude(text=text).exclude(value=value)
    for row in others.only("text", "value"):
        if row.text.lower() == text.lower():
            raise BadSynonym(
                f"“{row.text}” means {row.value} already, and case makes no difference. Remove that first."
            )
