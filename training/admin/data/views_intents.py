"""The list of intents, and the page of one: its examples, its answer, its name."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import DetailView

from assistant.change_sets import change_set
from assistant.lib.errors import FrontdeskError
from training.admin.data.example_list import example_list_context
from training.admin.data.forms import (
    AddExamplesForm,
    AnswerForm,
    BotForm,
    MergeForm,
    NewIntentForm,
    RenameForm,
    marked_text,
)
from training.admin.data.mixins import CHOSEN_BOT, EDIT_DATA, RowMixin, TrainingDataPage
from training.admin.data.undo import offer_undo
from training.admin.views import VIEW_BOT, ActionView, ConfirmView, FormPage
from training.models import Example, Intent, Response
from training.selectors import (
    answer_of,
    f1_of,
    findings_of,
    intent_summaries,
    newest_cross_validation,
    same_text,
    usage_of,
)
from training.services import add_example, create_intent, delete_intent, merge_intents, rename_intent, set_answer

MOST_LINES = 500  # each is a transaction of its own, and whoever sent them waits for all
LIST = "admin:training_intent_changelist"


class ChooseBotView(TrainingDataPage, ActionView):
    """Which bot the pages are about, for one who logged in."""

    form_class = BotForm
    permission_to_post = VIEW_BOT

    def act(self, form: BotForm) -> None:
        self.request.session[CHOSEN_BOT] = form.cleaned_data["bot"].name

    def get_success_url(self) -> str:
        return reverse(LIST)


class IntentListView(TrainingDataPage, FormPage):
    """All intents of a bot, and the form that makes one."""

    tab = "intents"
    title = "Training data"
    template_name = "admin/training/data/intents.html"
    form_class = NewIntentForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cross_validation = newest_cross_validation(self.bot)
        # Each finding counts once, at the intent where it is put right.
        counts = Counter(name for finding in findings_of(self.bot) for name in finding.intents[:1])
        summaries = intent_summaries(self.bot, usage_of(self.bot), f1_of(cross_validation), counts)
        totals = {"training": sum(it.training for it in summaries), "held_out": sum(it.held_out for it in summaries)}
        return super().get_context_data(summaries=summaries, totals=totals, cross_validation=cross_validation, **kwargs)

    def save(self, form: NewIntentForm) -> HttpResponse:
        intent = create_intent(bot=self.bot, name=form.cleaned_data["name"], by=self.user)
        messages.success(self.request, f"Created {intent.name}. Now write what people say.")
        return HttpResponseRedirect(intent_url(intent))


class IntentMixin(RowMixin):
    """About one intent."""

    tab = "intents"
    model = Intent

    def get_success_url(self) -> str:
        return intent_url(self.object)


class IntentPage(IntentMixin):
    """The page of one intent, with its two forms: the one that was sent comes back with what was written."""

    template_name = "admin/training/data/intent.html"

    @property
    def path(self) -> str:
        """Also where the page is the answer to one of its forms."""
        return intent_url(self.object)

    def get_title(self) -> str:
        return self.object.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        intent, bot = self.object, self.bot
        usage = usage_of(bot)
        answer = answer_of(intent, usage)
        name = answer or f"utter_{intent.name}"  # one of that name that nothing says yet is what will be written
        response = Response.objects.filter(bot=bot, name=name, deleted=None).first()
        texts = [variation.get("text", "") for variation in response.variations] if response else []
        revision = response.revision if response else 0
        context = {
            **example_list_context(self.request, bot, intent.name),
            "add_form": AddExamplesForm(),
            "answer_form": AnswerForm(initial={"text": texts or [""], "revision": revision}),
            "response": response,
            "answered": bool(answer and response),
            "texts": texts,
            "revision": revision,
            "handled": () if answer else usage.handled.get(intent.name, ()),
            "f1": f1_of(newest_cross_validation(bot)).get(intent.name),
            "findings": [finding for finding in findings_of(bot) if intent.name in finding.intents],
        }
        return super().get_context_data(**{**context, **kwargs})


class IntentView(IntentPage, DetailView):
    """To read; each of its forms has an address of its own."""


class IntentFormView(IntentPage, FormPage):
    """A form of the page. Who comes back to its address is led to the page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(self.path)


class AddExamplesView(IntentFormView):
    """One per line, in Rasa's markup. Lines that are refused stay in the field."""

    form_class = AddExamplesForm

    def save(self, form: AddExamplesForm) -> HttpResponse:
        lines, held_out = form.cleaned_data["texts"], form.cleaned_data["held_out"]
        before = self.object.examples.filter(deleted=None).count()
        # Not all or nothing: of many lines one is often wrong, and the others are no worse for it.
        added, refused, left = list[Example](), list[str](), list[str]()
        for line in lines[:MOST_LINES]:
            try:
                added.append(self._add(line, held_out))
            except (FrontdeskError, ValidationError) as error:
                refused.append(f"{line[:60]}: {error.message}")
                left.append(line)
        if added:
            new = self.object.examples.filter(deleted=None).count() - before
            messages.success(self.request, self._added(added, new))
        if len(lines) > MOST_LINES:
            refused.append(f"only {MOST_LINES} lines at a time")
        # What is left would be lost by a redirect.
        if not refused:
            return HttpResponseRedirect(self.get_success_url())
        messages.error(self.request, f"Not added: {'; '.join(refused)}")
        left_in_form = {"texts": "\n".join([*left, *lines[MOST_LINES:]]), "held_out": held_out}
        return self.render_to_response(self.get_context_data(form=AddExamplesForm(initial=left_in_form)))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(add_form=kwargs["form"], **kwargs)

    def _add(self, line: str, held_out: bool) -> Example:
        text, entities = marked_text(line)
        use = Example.Use.HELD_OUT if held_out else Example.Use.TRAINING
        return add_example(bot=self.bot, intent=self.object.name, text=text, entities=entities, use=use, by=self.user)

    def _added(self, added: list[Example], new: int) -> str:
        """How many are new, how many were there, and where else the same stands."""
        others = {row.intent.name for it in added for row in same_text(self.bot, it.text)} - {self.object.name}
        there = len(added) - new
        known = f" {there} {'was' if there == 1 else 'were'} there already." if there > 0 else ""
        also = f" The same stands under {', '.join(sorted(others))}: see Findings." if others else ""
        return f"Added {new}.{known}{also}"


class AnswerView(IntentFormView):
    """What the assistant says to the intent."""

    form_class = AnswerForm

    def save(self, form: AnswerForm) -> HttpResponse:
        response = set_answer(
            intent=self.object, texts=form.cleaned_data["text"], by=self.user, revision=form.seen_revision
        )
        saved = f"Saved. After the next training, {self.object.name} is answered so."
        messages.success(self.request, saved if response else "No answer any more.")
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(answer_form=kwargs["form"], **kwargs)


class RenameView(IntentMixin, ActionView):
    """Gives it another name; rules, stories and buttons follow."""

    form_class = RenameForm

    def act(self, form: RenameForm) -> None:
        renamed = rename_intent(intent=self.object, by=self.user, **form.cleaned_data)
        messages.success(self.request, f"It is called {renamed.name} now, in rules, stories and buttons, too.")


class ConfirmPage(IntentMixin, ConfirmView):
    """Asks before rules and stories are left out."""

    permission_required = EDIT_DATA
    template_name = "admin/training/data/confirm.html"
    kind = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        paths = list(dict.fromkeys(usage_of(self.bot).named.get(self.object.name, ())))
        count = self.object.examples.filter(deleted=None).count()
        return super().get_context_data(kind=self.kind, paths=paths, example_count=count, **kwargs)

    def get_error_url(self, form: Form) -> str:
        """The intent may be gone."""
        return reverse(LIST)


class MergeView(ConfirmPage):
    """`?into=` names the other one when it is asked, `into` when it is done."""

    form_class = MergeForm
    kind = "merge"

    def get_title(self) -> str:
        return f"Merge {self.object} into {self.target}?"

    def get_form_kwargs(self) -> dict[str, Any]:
        given = self.request.POST if self.request.method == "POST" else self.request.GET
        return {"data": given, "intent": self.object}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        if not form.is_valid():
            return self.form_invalid(form)
        self.target = form.cleaned_data["into"]
        return self.render_to_response(self.get_context_data(form=form, target=self.target))

    def save(self, form: MergeForm) -> HttpResponse:
        target = form.cleaned_data["into"]
        merged = merge_intents(source=self.object, target=target, by=self.user)
        offer_undo(self.request, merged)
        return HttpResponseRedirect(intent_url(target))

    def get_error_url(self, form: Form) -> str:
        return intent_url(self.object) if "into" in form.errors else super().get_error_url(form)


class IntentDeleteView(ConfirmPage):
    """The examples go with it."""

    kind = "delete"

    def get_title(self) -> str:
        return f"Delete {self.object}?"

    def save(self, form: Form) -> HttpResponse:
        with change_set(f"Deleted {self.object.name} and its examples.", about=self.bot, by=self.user) as step:
            delete_intent(intent=self.object, by=self.user)
        offer_undo(self.request, step.row)
        return HttpResponseRedirect(reverse(LIST))


def intent_url(intent: Intent) -> str:
    """The address of its page."""
    return reverse("admin:training_intent_change", args=[intent.pk])
