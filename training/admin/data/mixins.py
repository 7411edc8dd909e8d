"""What every page of training data begins with: who asks, for which bot, and what can be undone."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView
from django.views.generic.detail import SingleObjectMixin

from assistant.lib.errors import FrontdeskError
from training.admin.data.undo import offered
from training.admin.views import AdminPage
from training.models import MAIN, Bot
from training.selectors import findings_of

CHOSEN_BOT = "training_bot"
VIEW, EDIT = "training.view_bot", "training.edit_data"
TABS = (
    ("intents", "Intents", "admin:training_intent_changelist"),
    ("examples", "All examples", "admin:training_examples"),
    ("responses", "Responses", "admin:training_responses"),
    ("synonyms", "Synonyms", "admin:training_synonyms"),
    ("findings", "Findings", "admin:training_findings"),
)


class TrainingDataPage(AdminPage):
    """Whoever may view training data reads it; whoever may edit it reads and writes.

    Where reading leads to nothing but writing, `permission_required` is EDIT, too.
    """

    tab = ""
    permission_required = VIEW
    permission_to_post = EDIT

    def get_permission_required(self) -> tuple[str]:
        """By what the request does."""
        return (self.permission_required if self.request.method in {"GET", "HEAD"} else self.permission_to_post,)

    def has_permission(self) -> bool:
        """Editors need no permission to view beside their own."""
        return self.may_edit or super().has_permission()

    @property
    def may_edit(self) -> bool:
        return self.user.has_perm(EDIT)

    @cached_property
    def bot_in_address(self) -> str:
        """`?bot=`, where there is one of that name: the pages that this one links to are about the same."""
        name = self.request.GET.get("bot", "")
        return name if name and Bot.objects.filter(name=name).exists() else ""

    @cached_property
    def bot(self) -> Bot:
        """The one in the address, or the one chosen last, or the main one."""
        names = [self.bot_in_address, self.request.session.get(CHOSEN_BOT), MAIN]
        bots = {bot.name: bot for bot in Bot.objects.filter(name__in=[name for name in names if name])}
        for name in names:
            if name in bots:
                return bots[name]
        raise Http404("There is no bot yet.")

    def get_frame(self) -> dict[str, Any]:
        """With the tabs, and what the page before offers to undo."""
        same_bot = f"?{urlencode({'bot': self.bot_in_address})}" if self.bot_in_address else ""
        plain, undo = offered(self.request)
        return {
            **super().get_frame(),
            "bot": self.bot,
            "bots": list(Bot.objects.order_by("name")),
            "bot_in_address": self.bot_in_address,
            "tabs": [{"key": key, "title": name, "url": reverse(url) + same_bot} for key, name, url in TABS],
            "tab": self.tab,
            "finding_count": len(findings_of(self.bot)),
            "may_edit": self.may_edit,
            "messages": plain,
            "undo": undo,
            "here": self.request.get_full_path(),
        }


class RowMixin(TrainingDataPage, SingleObjectMixin):
    """About one row. That of another bot than the one that was chosen shows the page of that bot."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(deleted=None).select_related("bot")

    @cached_property
    def object(self) -> Any:
        return self.get_object()

    @property
    def bot(self) -> Bot:
        return cast(Bot, self.object.bot)


class FormPage(TrainingDataPage, FormView):
    """A form on a page. What is wrong with it is said at the top of the page, which keeps what was written."""

    def save(self, form: Any) -> HttpResponse:
        """Calls one service. What this raises is an error of the form."""
        raise NotImplementedError

    def form_valid(self, form: Form) -> HttpResponse:
        try:
            return self.save(form)
        except FrontdeskError as error:
            form.add_error(None, ValidationError(error.message, code=error.code))
            return self.form_invalid(form)

    def form_invalid(self, form: Form) -> HttpResponse:
        messages.error(self.request, first_error(form))
        return super().form_invalid(form)


class ActionView(FormPage):
    """A button, or a form too small to have a page: afterwards, and after an error, one is back where one was."""

    http_method_names = ["post"]

    def save(self, form: Any) -> HttpResponse:
        self.act(form)
        return HttpResponseRedirect(self.get_success_url())

    def act(self, form: Any) -> None:
        """As `save`, without an answer."""
        raise NotImplementedError

    def form_invalid(self, form: Form) -> HttpResponse:
        messages.error(self.request, first_error(form))
        return HttpResponseRedirect(self.get_success_url())


def first_error(form: Form) -> str:
    """The one that is shown: those who put it right see the next."""
    return str(next(iter(form.errors.values()))[0]) if form.errors else ""
