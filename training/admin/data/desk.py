"""What every page of training data begins with: who asks, for which bot, and what can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from assistant.lib.admin import parse_id
from training.models import MAIN, Bot
from training.selectors import findings_of, production
from training.services import Merge

CHOSEN, UNDO, UNSAVED = "training_bot", "training_undoing", "training_unsaved"
TABS = (
    ("intents", "Intents", "admin:training_intent_changelist"),
    ("examples", "All examples", "admin:training_examples"),
    ("responses", "Responses", "admin:training_responses"),
    ("synonyms", "Synonyms", "admin:training_synonyms"),
    ("findings", "Findings", "admin:training_findings"),
)


@dataclass(frozen=True)
class Undo:
    """`words` say what was done. `mark`: what was deleted under it; `moves`: by the intents that they had, the ids of
    examples with the revisions that they have since; `marks`: the same by the act that takes it back; `merge`: that of
    two intents."""

    words: str
    mark: datetime | None = None
    moves: Mapping[str, Sequence[tuple[int, int]]] | None = None
    marks: Mapping[str, Sequence[tuple[int, int]]] | None = None
    merge: Merge | None = None

    def token(self, bot: Bot) -> str:
        given = {
            "bot": bot.pk,
            "mark": self.mark and self.mark.isoformat(),
            "moves": self.moves,
            "marks": self.marks,
            "merge": self.merge and self.merge.as_json(),
        }
        return signing.dumps(given, salt=UNDO, compress=True)


@dataclass
class Desk:
    request: HttpRequest
    page: ModelAdmin

    @cached_property
    def bot(self) -> Bot:
        """The one in the address, or the one chosen last, or the main one."""
        wanted = self.request.GET.get("bot")
        if wanted and Bot.objects.filter(name=wanted).exists():
            self.request.session[CHOSEN] = wanted
        name = self.request.session.get(CHOSEN, MAIN)
        return Bot.objects.filter(name=name).first() or production().bot

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def may_edit(self) -> bool:
        return self.user.has_perm("training.edit_data")

    @property
    def revision(self) -> int:
        """The one that the writer saw. Whoever saves over a colleague's change, shown to them, says so (`over`)."""
        said = self.request.POST.get("over") or self.request.POST.get("revision", "")
        return parse_id(said) or 0

    @property
    def wants_part(self) -> bool:
        """A script asks, for a part of the page."""
        return self.request.headers.get("X-Requested-With") == "fetch"

    def shown(self, template: str, *, tab: str, title: str, status: int = 200, **context: Any) -> HttpResponse:
        whole = {
            **self.page.admin_site.each_context(self.request),
            "opts": self.page.opts,
            "title": title,
            "bot": self.bot,
            "bots": list(Bot.objects.order_by("name")),
            "tabs": [{"key": key, "title": name, "url": reverse(url)} for key, name, url in TABS],
            "tab": tab,
            "finding_count": len(findings_of(self.bot)),
            "may_edit": self.may_edit,
            "undo": self.request.session.pop(UNDO, None),
            "here": self.request.get_full_path(),
            **context,
        }
        return TemplateResponse(self.request, f"admin/training/data/{template}.html", whole, status=status)

    def part(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        whole = {"may_edit": self.may_edit, "bot": self.bot, **context}
        return TemplateResponse(self.request, f"admin/training/data/{template}.html", whole, status=status)

    def back(self, default: str, *args: object, **query: str) -> HttpResponseRedirect:
        """To where the form came from."""
        wanted = self.request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, allowed_hosts={self.request.get_host()}):
            return HttpResponseRedirect(wanted)
        return self.to(default, *args, **query)

    def to(self, name: str, *args: object, **query: str) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(name, args=args) + (f"?{urlencode(query)}" if query else ""))

    def say(self, words: str) -> None:
        messages.success(self.request, words)

    def warn(self, words: str) -> None:
        messages.error(self.request, words)

    def offer(self, undo: Undo) -> None:
        """The next page says what was done, with a button that takes it back."""
        self.request.session[UNDO] = {"words": undo.words, "token": undo.token(self.bot)}

    def keep(self, what: str, **written: Any) -> None:
        """What was written and not saved stands in its field on the next page."""
        self.request.session[UNSAVED] = {"what": what, **written}

    def kept(self, what: str) -> dict[str, Any] | None:
        if self.request.session.get(UNSAVED, {}).get("what") != what:
            return None
        return cast(dict[str, Any], self.request.session.pop(UNSAVED))
