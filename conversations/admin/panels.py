"""What the index page says about conversations. Every number links to the list that it counts."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.http import urlencode

from assistant.lib.admin import Panel, Section, capped_count
from conversations.admin.filters import Filters, last_evening
from conversations.admin.listing import COUNTED
from conversations.models import Conversation
from conversations.selectors import filtered, worst_since

WORST = 5
LATELY = "in the past 7 days, to review"


def panels() -> list[Panel]:
    return [_to_review(), _waiting(), _failed(), _disliked(), _unsure(), *_unanswered()]


def sections() -> list[Section]:
    """The way to begin where nobody has written yet, else what went wrong since the last evening."""
    if not Conversation.objects.exists():
        return [Section("admin/conversations/first_steps.html", {})]
    since = last_evening()
    context = {"worst": worst_since(since, WORST), "since": since, "rest": _list(review="todo", when="night")}
    return [Section("admin/conversations/last_night.html", context)]


def _to_review() -> Panel:
    chosen = {"review": "todo"}
    failed, unsure = (_number(**chosen, **more) for more in ({"trouble": "failed"}, {"confidence": "50"}))
    signs = [
        f"{_words(count)} {sign}" for count, sign in ((failed, "with failed messages"), (unsure, "unsure")) if count
    ]
    note = ", ".join(signs) or ("Nothing failed in them." if _number(**chosen) else "All caught up.")
    return Panel("To review", _words(_number(**chosen)), _list(**chosen), note, attention=bool(signs))


def _waiting() -> Panel:
    return _panel("Waiting for a person", "asked for one", "Nobody asks for a person.", state="waiting")


def _failed() -> Panel:
    none = "Nothing failed that nobody has looked at."
    return _panel("With failed messages", LATELY, none, trouble="failed", review="todo", when="week")


def _disliked() -> Panel:
    none = "None that nobody has looked at."
    return _panel("Thumbs down", LATELY, none, trouble="disliked", review="todo", when="week")


def _unsure() -> Panel:
    some, none = f"below 50%, {LATELY}", "Nothing below 50% that nobody has looked at."
    return _panel("Unsure", some, none, confidence="50", review="todo", when="week", attention=False)


def _unanswered() -> list[Panel]:
    """Only while there are any: they are being answered right now."""
    return [_panel("Unanswered", "being answered right now", "", trouble="unanswered", attention=False)] * bool(
        _number(trouble="unanswered")
    )


def _panel(title: str, some: str, none: str, *, attention: bool = True, **chosen: str) -> Panel:
    count = _number(**chosen)
    return Panel(title, _words(count), _list(**chosen), some if count else none, attention and count > 0)


def _number(**chosen: str) -> int:
    rows = filtered(Conversation.objects.all(), Filters(chosen).wanted)
    return capped_count(rows, COUNTED + 1)


def _words(count: int) -> str:
    return f"{intcomma(COUNTED)}+" if count > COUNTED else intcomma(count)


def _list(**chosen: str) -> str:
    return f"{reverse('admin:conversations_conversation_changelist')}?{urlencode(chosen)}"
