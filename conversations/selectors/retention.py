"""What a rule on how long conversations are kept deletes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Max, Min, Q, Sum
from django.utils import timezone

from conversations.models import Annotation, Conversation, ConversationQuerySet, Retention
from conversations.selectors.messages import channels_in_use
from training.models import Example

MARKED = Q(reviewed_turn__gt=0) | Q(flag_count__gt=0) | Q(saved_for_later=True)


@dataclass(frozen=True)
class RetentionPreview:
    """What would be deleted, and how much of it staff have worked on. `kept`: old enough, and stays because it is
    marked."""

    conversations: int
    messages: int
    oldest: datetime | None
    newest: datetime | None
    reviewed: int
    flagged: int
    annotated: int
    examples: int
    kept: int


def due_for_deletion(rule: Retention) -> ConversationQuerySet:
    """Whose last message is older than the rule allows. One that waits for an answer is not deleted."""
    old = _old_enough(rule)
    return old.exclude(MARKED) if rule.keep_marked else old


def retention_preview(rule: Retention) -> RetentionPreview:
    """For a rule that need not be stored."""
    due = due_for_deletion(rule)
    totals = due.aggregate(messages=Sum("last_seq"), oldest=Min("last_active"), newest=Max("last_active"))
    annotations = Annotation.objects.filter(conversation__in=due)
    examples = Example.objects.filter(annotations__in=annotations, deleted=None)
    count = due.count()
    return RetentionPreview(
        conversations=count,
        messages=totals["messages"] or 0,
        oldest=totals["oldest"],
        newest=totals["newest"],
        reviewed=due.filter(reviewed_turn__gt=0).count(),
        flagged=due.filter(flag_count__gt=0).count(),
        annotated=annotations.exclude(verdict="").count(),
        examples=examples.distinct().count(),
        kept=_old_enough(rule).count() - count,
    )


def retention_by_channel() -> dict[str, Retention | None]:
    """Of every channel that has conversations, or a rule."""
    rules = {rule.channel: rule for rule in Retention.objects.select_related("changed_by")}
    return {channel: rules.get(channel) for channel in sorted({*channels_in_use(), *rules})}


def _old_enough(rule: Retention) -> ConversationQuerySet:
    since = timezone.now() - timedelta(days=rule.days)
    rows = Conversation.objects.filter(channel=rule.channel, last_active__lt=since)
    return rows.filter(answered_turn__gte=F("last_turn"))
