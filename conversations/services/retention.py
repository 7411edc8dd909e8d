"""How long conversations are kept: set by staff, applied by the clock."""

from __future__ import annotations

import time
from itertools import accumulate

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils import timezone

from assistant.lib import audit
from assistant.lib.cleanup import SHARE, register_cleanup
from assistant.lib.database import single_write, write_transaction
from conversations.models import Retention
from conversations.selectors.retention import due_for_deletion
from conversations.services.deletion import delete_conversations

ROWS = 400  # messages and events in one transaction, unless one conversation has more
AT_ONCE = 25  # conversations


def set_retention(*, channel: str, days: int | None, keep_marked: bool, by: User | None) -> Retention | None:
    """From now on. `days` None: its conversations are kept without end."""
    with write_transaction():
        rule = Retention.objects.select_for_update().filter(channel=channel).first()
        before = (rule.days, rule.keep_marked) if rule else (None, None)
        if days is None:
            if rule:
                audit.record(rule, {"days": (rule.days, None)}, by=by)
                rule.delete()
            return None
        rule = rule or Retention(channel=channel)
        rule.days, rule.keep_marked, rule.changed_by = days, keep_marked, by
        rule.full_clean(exclude=["changed_by"])
        rule.save()
        audit.record(rule, {"days": (before[0], days), "keep_marked": (before[1], keep_marked)}, by=by)
    return rule


@register_cleanup("conversations")
def apply_retention(until: float) -> int:
    """Delete what is due by now, oldest first. May be killed at any moment: what is left is due the next time, too."""
    return sum(_apply(rule, until) for rule in Retention.objects.all())


def _apply(rule: Retention, until: float) -> int:
    due, deleted = due_for_deletion(rule), 0
    ahead = due.order_by("last_active", "id")
    while time.monotonic() < until:
        began = time.monotonic()
        rows = list(ahead.values_list("pk", "last_active", F("last_seq") + F("event_count"))[:AT_ONCE])
        if not rows:
            break
        sizes = accumulate(size for _, _, size in rows)
        some = [row for row, size in zip(rows, sizes, strict=True) if size <= ROWS] or rows[:1]
        count = delete_conversations(ids=[pk for pk, _, _ in some], by=None, among=due).conversations
        with single_write():
            Retention.objects.filter(pk=rule.pk).update(deleted_count=F("deleted_count") + count)
        deleted += count
        last, moment, _size = some[-1]
        # Thousands that are kept may stand among them: each is passed once.
        ahead = due.filter(Q(last_active__gt=moment) | Q(last_active=moment, pk__gt=last)).order_by("last_active", "id")
        # Others want to write, too: this takes only its share of the time.
        time.sleep((time.monotonic() - began) * (1 / SHARE - 1))
    with single_write():
        Retention.objects.filter(pk=rule.pk).update(applied=timezone.now())
    return deleted
