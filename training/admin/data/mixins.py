"""What every page of training data begins with: who asks, for which bot, and what can be undone."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic.detail import SingleObjectMixin

from training.admin.data.undo import messages_and_undo
from training.admin.views import VIEW_BOT, AdminPage
from training.models import MAIN, Bot
from training.selectors import findings_of

CHOSEN_BOT = "training_bot"
EDIT_DATA = "training.edit_data"
TABS = (
    ("intents", "Intents", "admin:training_intent_changelist"),
    ("examples", "All examples", "admin:training_examples"),
    ("responses", "Responses", "admin:training_responses"),
    ("synonyms", "Synonyms", "admin:training_synonyms"),
    ("findings", "Findings", "admin:training_findings"),
)


class TrainingDataPage(AdminPage):
    """Whoever may view training data reads it; whoever may edit it reads and writes.

    Where reading leads to nothing but writing, `permission_required` is EDIT_DATA, too.
    """

    tab = ""
    permission_required = VIEW_BOT
    permission_to_post = EDIT_DATA

    def get_permission_required(self) -> tuple[str]:
        """By what the request does."""
        return (self.permission_required if self.request.method in {"GET", "HEAD"} else self.permission_to_post,)

    def has_permission(self) -> bool:
        """Editors need no permission to view beside their own."""
        return self.may_edit or super().has_permission()

    @property
    def may_edit(self) -> bool:
        """Whoever may not sees no form that would be refused."""
        return self.user.has_perm(EDIT_DATA)

    @cached_property
    def bot_in_address(self) -> str:
        """`?bot=`, where there is one of that name: the pages that this one links to are about the same."""
        name = self.request.GET.get("bot", "")
        return name if name and Bot.objects.filter(name=name).exists() else ""

    @cached_property
    def bot(self) -> Bot:
        """The one in the address, or the one chosen last, or the main one."""
        # One that was chosen may be gone by now.
        names = [self.bot_in_address, self.request.session.get(CHOSEN_BOT), MAIN]
        bots = {bot.name: bot for bot in Bot.objects.filter(name__in=[name for name in names if name])}
        for name in names:
            if name in bots:
                return bots[name]
        raise Http404("There is no bot yet.")  # `manage.py prepare` makes the main one; looking makes none

    def address(self, name: str, **query: str) -> str:
        """Of another page, about the same bot."""
        if self.bot_in_address:
            query["bot"] = self.bot_in_address
        return reverse(name) + (f"?{urlencode(query)}" if query else "")

    @property
    def path(self) -> str:
        """Where links to more of the same page lead."""
        return self.request.path

    def get_frame(self) -> dict[str, Any]:
        """With the tabs, and what the page before offers to undo."""
        # In place of what the context processor has: the frame would show the offer as any other message.
        plain, undo = messages_and_undo(self.request)
        return {
            **super().get_frame(),
            "bot": self.bot,
            "bots": list(Bot.objects.order_by("name")),
            "bot_in_address": self.bot_in_address,
            "same_bot": f"?{urlencode({'bot': self.bot_in_address})}" if self.bot_in_address else "",
            "tabs": [{"key": key, "title": name, "url": self.address(url)} for key, name, url in TABS],
            "tab": self.tab,
            "finding_count": len(findings_of(self.bot)),
            "may_edit": self.may_edit,
            "messages": plain,
            "undo": undo,
            "path": self.path,
            "here": self.path + self.request.get_full_path().removeprefix(self.request.path),
        }


class RowMixin(TrainingDataPage, SingleObjectMixin):
    """About one row. That of another bot than the one that was chosen shows the page of that bot."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(deleted=None).select_related("bot")

    # Django's views set it when they answer; permissions, the bot and the title need it at any time.
    @cached_property
    def object(self) -> Any:
        return self.get_object()

    @property
    def bot(self) -> Bot:
        return cast(Bot, self.object.bot)
