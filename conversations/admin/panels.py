"""What the index page says about conversations. Every number links to the list that it counts."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.http import urlencode

from assistant.lib.admin import Panel, Section, capped_count
from conversations.admin.changelist import COUNTED
from conversations.admin.filters import Filters, last_evening
from conversations.models import Conversation
from conversations.selectors import filtered, worst_since

WORST = 5
LATELY = "in the past 7 days, to review"


def panels() -> list[Panel]:
    """How many wait for review, and how many have signs of trouble."""
    recent = {"review": "todo", "when": "week"}
    nothing_failed = "Nothing failed that nobody has looked at."
    nothing_disliked = "None that nobody has looked at."
    nothing_unsure = "Nothing below 50% that nobody has looked at."
    shown = [
        _to_review(),
        _panel("Waiting for a person", "asked for one", "Nobody asks for a person.", {"state": "waiting"}),
        _panel("With failed messages", LATELY, nothing_failed, {"trouble": "failed", **recent}),
        _panel("Thumbs down", LATELY, nothing_disliked, {"trouble": "disliked", **recent}),
        _panel("Unsure", f"below 50%, {LATELY}", nothing_unsure, {"confidence": "50", **recent}, attention=False),
    ]
    # Only while there are any: they are being answered right now.
    if _count(trouble="unanswered"):
        unanswered = {"trouble": "unanswered"}
        shown.append(_panel("Unanswered", "being answered right now", "", unanswered, attention=False))
    return shown


def sections() -> list[Section]:
    """The way to begin where nobody has written yet, else what went wrong since the last evening."""
    if not Conversation.objects.exists():
        return [Section("admin/conversations/first_steps.html", {})]
    since = last_evening()
    context = {"worst": worst_since(since, WORST), "since": since, "rest": _list_url(review="todo", when="night")}
    return [Section("admin/conversations/worst.html", context)]


def _to_review() -> Panel:
    count = _count(review="todo")
    failed = _count(review="todo", trouble="failed")
    unsure = _count(review="todo", confidence="50")
    signs = [f"{_words(failed)} with failed messages"] if failed else []
    signs += [f"{_words(unsure)} unsure"] if unsure else []
    note = ", ".join(signs) or ("Nothing failed in them." if count else "All caught up.")
    return Panel("To review", _words(count), _list_url(review="todo"), note, attention=bool(signs))


def _panel(title: str, some: str, none: str, filters: dict[str, str], *, attention: bool = True) -> Panel:
    """`some` and `none`: what it says where there are conversations, and where there are none."""
    count = _count(**filters)
    return Panel(title, _words(count), _list_url(**filters), some if count else none, attention and count > 0)


def _count(**filters: str) -> int:
    rows = filtered(Conversation.objects.all(), Filters(filters).conversation_filter)
    return capped_count(rows, COUNTED + 1)


def _words(count: int) -> str:
    return f"{intcomma(COUNTED)}+" if count > COUNTED else intcomma(count)


def _list_url(**filters: str) -> str:
    return f"{reverse('admin:conversations_conversation_changelist')}?{urlencode(filters)}"
