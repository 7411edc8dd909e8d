"""What the index page says about conversations. Every number links to the list that it counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from assistant.lib.admin import Panel, counted
from conversations.models import Conversation

AT_MOST = 10_000


def panels() -> list[Panel]:
    return [_today(), _waiting(), _failed(), _unanswered()]


def _today() -> Panel:
    since = _midnight()
    rows = Conversation.objects.filter(last_active__gte=since)
    url = _list(**_active(since))
    if not rows.exists():
        return Panel("Conversations today", "0", url, "Open the demo page and say hello.")
    return Panel("Conversations today", _count(rows), url, "active since midnight")


def _waiting() -> Panel:
    rows = Conversation.objects.filter(state=Conversation.State.WAITING)
    waits = rows.exists()
    note = "asked for a person" if waits else "Nobody asks for a person."
    return Panel("Waiting for a person", _count(rows), _list(state__exact="waiting"), note, attention=waits)


def _failed() -> Panel:
    since = _midnight() - timedelta(days=7)
    rows = Conversation.objects.filter(last_active__gte=since, failed_turns__gt=0)
    failed = rows.exists()
    note = "conversations of the past 7 days" if failed else "No message failed in the past 7 days."
    return Panel("With failed messages", _count(rows), _list(**_active(since), trouble="failed"), note, failed)


def _unanswered() -> Panel:
    rows = Conversation.objects.unanswered()
    note = "being answered right now" if rows.exists() else "Every message has its answer."
    return Panel("Unanswered", _count(rows), _list(trouble="unanswered"), note)


def _count(rows: QuerySet[Conversation]) -> str:
    number = counted(rows, AT_MOST + 1)
    return f"{intcomma(AT_MOST)}+" if number > AT_MOST else intcomma(number)


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _active(since: datetime) -> dict[str, str]:
    """As the admin's own date filter says it, so that the filter shows as chosen."""
    return {"last_active__gte": str(since), "last_active__lt": str(_midnight() + timedelta(days=1))}


def _list(**chosen: str) -> str:
    return f"{reverse('admin:conversations_conversation_changelist')}?{urlencode(chosen)}"
