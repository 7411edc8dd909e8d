"""What is wrong with the training data, each with what puts it right. What is put right is gone from here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.views import RedirectURLMixin
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from training.admin.data.mixins import TrainingDataPage
from training.admin.views import VIEW_BOT, ActionView
from training.findings import Finding, Kind, Severity
from training.models import Intent, Response
from training.selectors import examples_of, findings_of, missing_embeddings, newest_cross_validation
from training.services import embed_examples

AT_A_TIME = 150  # embeddings; about a second
SHOWN = 100
HEADINGS = {
    Severity.WRONG: ("To fix", "The model learns something wrong, or the visitor gets no answer."),
    Severity.DOUBTFUL: (
        "Doubtful",
        "A model that had not seen these would give them another intent. Often it errs: say what is right.",
    ),
    Severity.WEAK: ("To improve", "The model will often be unsure here."),
    Severity.TIDY: ("To tidy up", "Nothing breaks if you leave it."),
}

PAGES = {
    Kind.FEW: ("Add examples", "#add"),
    Kind.NO_EXAMPLES: ("Add examples", "#add"),
    Kind.UNANSWERED: ("Write an answer", "#answer"),
}
LISTS: dict[Kind, tuple[str, str, dict[str, str]]] = {
    Kind.ENTITIES_UNUSED: ("Look at them", "admin:training_examples", {"entity": "any"}),
    Kind.SYNONYMS_UNUSED: ("Look at them", "admin:training_synonyms", {}),
}


@dataclass(frozen=True)
class Fix:
    """A button that does it (`act` and `ids`, as the list of examples does it), or a link."""

    words: str
    url: str = ""
    act: str = ""
    ids: tuple[int, ...] = ()
    intent: str = ""


class FindingsView(TrainingDataPage, TemplateView):
    """All findings, the worst first, and how far the comparison of what examples mean has come."""

    tab = "findings"
    title = "Findings"
    template_name = "admin/training/data/findings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        groups = groupby(findings_of(self.bot), lambda finding: finding.severity)
        waiting, total = missing_embeddings(self.bot), examples_of(self.bot).count()
        context = {
            "groups": [self.group(severity, list(same)) for severity, same in groups],
            "waiting": waiting,
            "compared": total - waiting,
            "total": total,
            "cross_validation": newest_cross_validation(self.bot),
        }
        return super().get_context_data(**context, **kwargs)

    @cached_property
    def intents(self) -> dict[str, Intent]:
        """Those of the bot, by name."""
        return {row.name: row for row in self.bot.intents.filter(deleted=None)}

    @cached_property
    def responses(self) -> dict[str, Response]:
        """Those of the bot, by name."""
        return {row.name: row for row in self.bot.responses.filter(deleted=None)}

    def group(self, severity: Severity, found: list[Finding]) -> dict[str, object]:
        """What the template is given of the findings of one severity."""
        heading, meaning = HEADINGS[severity]
        # A bot in a bad state has thousands, and nobody fixes more in one sitting.
        items = [{"finding": finding, "fixes": list(self.fixes(finding))} for finding in found[:SHOWN]]
        more = len(found) - len(items)
        return {"severity": severity.value, "heading": heading, "meaning": meaning, "items": items, "more": more}

    def fixes(self, finding: Finding) -> Iterator[Fix]:
        """What one can do about it, what most people will want first."""
        yield from buttons_of(finding)
        if finding.examples:
            ids = ",".join(map(str, finding.examples))
            yield Fix("Look at them", self.address("admin:training_examples", ids=ids))
        # A cross-validation may have confused an intent that is gone by now.
        if finding.kind == Kind.CONFUSED and set(finding.intents) <= self.intents.keys():
            source, target = finding.intents
            merge = reverse("admin:training_intent_merge", args=[self.intents[source].pk])
            yield Fix("Merge the two…", f"{merge}?{urlencode({'into': target})}")
        if finding.kind in PAGES and finding.intents[0] in self.intents:
            words, place = PAGES[finding.kind]
            page = reverse("admin:training_intent_change", args=[self.intents[finding.intents[0]].pk])
            yield Fix(words, page + place)
        if finding.kind in LISTS:
            words, name, query = LISTS[finding.kind]
            yield Fix(words, self.address(name, **query))
        for name in self.responses.keys() & set(finding.responses):
            yield Fix("Open it", reverse("admin:training_response_change", args=[self.responses[name].pk]))


class CompareMeaningsView(TrainingDataPage, RedirectURLMixin, ActionView):
    """Goes on with the comparison. A worker does so, too, but not while jobs run or wait."""

    permission_to_post = VIEW_BOT  # it changes nothing that anybody wrote
    next_page = "admin:training_findings"

    def act(self, form: Any) -> None:
        embed_examples(bot=self.bot, at_most=AT_A_TIME)


def buttons_of(finding: Finding) -> Iterator[Fix]:
    """What can be done at once, by a press."""
    ids = tuple(finding.examples)
    if finding.kind == Kind.SAME_TEXT:
        yield from (Fix(f"Only {name}", act="keep", ids=ids, intent=name) for name in finding.intents)
    if finding.kind == Kind.LABEL:
        yield Fix("It is right", act="confirm", ids=ids, intent=finding.intents[0])
        yield Fix(f"Move to {finding.intents[1]}", act="move", ids=ids, intent=finding.intents[1])
