"""All examples, one of them to edit, and what is done to many."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import RedirectURLMixin
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.generic import TemplateView

from assistant.change_sets import change_set
from assistant.engine.entity_markup import write_markup
from training.admin.data.example_list import ExampleRow, example_list_context
from training.admin.data.forms import ExampleForm, ManyExamplesForm, UndoForm
from training.admin.data.mixins import RowMixin, TrainingDataPage
from training.admin.data.undo import offer_undo
from training.admin.views import ActionView, FormPage, first_error
from training.errors import BadExample
from training.models import Bot, Example
from training.selectors import entity_names, intent_names, same_text
from training.services import (
    change_example,
    confirm_examples,
    delete_examples,
    hold_out_examples,
    keep_examples,
    move_examples,
    undo_change,
)


class ExampleListView(TrainingDataPage, TemplateView):
    """The examples of all intents."""

    tab = "examples"
    title = "All examples"
    template_name = "admin/training/data/examples.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**example_list_context(self.request, self.bot), **kwargs)


class ExampleView(RowMixin, RedirectURLMixin, FormPage):
    """The form of an example: a page of its own, or, for a script, the part that takes the place of a row."""

    tab = "examples"
    title = "Edit an example"
    model = Example
    form_class = ExampleForm

    def get_queryset(self) -> QuerySet[Example]:
        return super().get_queryset().select_related("intent", "bot", "created_by", "updated_by").defer("vector")

    @property
    def wants_part(self) -> bool:
        """A script asks."""
        return self.request.headers.get("X-Requested-With") == "fetch"

    def get_frame(self) -> dict[str, Any]:
        """A part of a page has none."""
        return {"bot": self.bot, "may_edit": self.may_edit} if self.wants_part else super().get_frame()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("as") == "row":
            return self._row(self.object)
        return super().get(request, *args, **kwargs)

    def get_template_names(self) -> list[str]:
        return [f"admin/training/data/{'example_form' if self.wants_part else 'example'}.html"]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "bot": self.bot}

    def get_initial(self) -> dict[str, Any]:
        row = self.object
        return {
            "revision": row.revision,
            "intent": row.intent.name,
            "marked": write_markup(row.text, row.entities),
            "held_out": row.use == Example.Use.HELD_OUT,
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """After an error with what was written, beside what somebody else saved meanwhile."""
        row, form = self.object, kwargs.get("form") or self.get_form()
        written = form.cleaned_data.get("value") if form.is_bound else None
        context = {
            "form": form,
            "example": row,
            "value": written or {"text": row.text, "entities": row.entities},
            "names": intent_names(self.bot),
            "entities": entity_names(self.bot),
            "problem": first_error(form),
            "theirs": ExampleRow(row) if form.changed_meanwhile else None,
            "same": [other for other in same_text(self.bot, row.text) if other.pk != row.pk],
        }
        return super().get_context_data(**{**kwargs, **context})

    def save(self, form: ExampleForm) -> HttpResponse:
        given = form.cleaned_data
        changed = change_example(
            example=self.object,
            by=self.user,
            revision=form.seen_revision,
            intent=given["intent"] or None,
            text=given["text"],
            entities=given["entities"],
            use=Example.Use.HELD_OUT if given["held_out"] else Example.Use.TRAINING,
        )
        if self.wants_part:
            return self._row(self.get_queryset().get(pk=changed.pk))
        messages.success(self.request, "Saved.")
        return HttpResponseRedirect(self.get_success_url())

    def form_invalid(self, form: Form) -> HttpResponse:
        self.object = self.get_object()  # as a colleague may have saved it meanwhile
        # The script shows the form again by it.
        status = 409 if form.changed_meanwhile else 400  # type: ignore[attr-defined]
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def get_default_redirect_url(self) -> str:
        """To the intent that it has now."""
        return reverse("admin:training_intent_change", args=[self.get_object().intent_id])

    def _row(self, row: Example) -> HttpResponse:
        context = {"may_edit": self.may_edit, "bot": self.bot, "row": ExampleRow(row)}
        return TemplateResponse(self.request, "admin/training/data/example_row.html", context)


class ManyExamplesView(TrainingDataPage, RedirectURLMixin, ActionView):
    """What is done to those that were selected: a method for each of `ManyExamplesForm.ACTS`."""

    form_class = ManyExamplesForm
    next_page = "admin:training_examples"

    def act(self, form: ManyExamplesForm) -> None:
        given = form.cleaned_data
        with change_set("", about=self.bot, by=self.user) as step:
            # Only names that the form knows come here.
            step.row.label = getattr(self, given["act"])(given["id"], given["intent"])
        if step.row.pk is None:
            step.row.label = "Nothing changed: that is so already."
        offer_undo(self.request, step.row)

    def move(self, ids: list[int], intent: str) -> str:
        """To another intent, which is there."""
        name = existing_intent(self.bot, intent)
        return f"Moved {examples_in_words(move_examples(ids=ids, intent=name, by=self.user))} to {name}."

    def keep(self, ids: list[int], intent: str) -> str:
        """Of examples with the same text, those of one intent stay."""
        return f"Deleted {examples_in_words(keep_examples(ids=ids, intent=intent, by=self.user))}."

    def confirm(self, ids: list[int], intent: str) -> str:
        """They have the right intent, whatever a model thinks."""
        count = examples_in_words(confirm_examples(ids=ids, by=self.user))
        return f"Noted as right: {count}. No longer doubted, until the text or the intent changes."

    def delete(self, ids: list[int], intent: str) -> str:
        """They can be brought back for a day."""
        mark = delete_examples(ids=ids, by=self.user)
        return f"Deleted {examples_in_words(Example.objects.filter(pk__in=ids, deleted=mark).count())}."

    def hold_out(self, ids: list[int], intent: str) -> str:
        """From training, to say how good a version is."""
        count = examples_in_words(hold_out_examples(ids=ids, held_out=True, by=self.user))
        return f"Held out: {count}. Not trained on from now on, but asked how good a version is."

    def train_on(self, ids: list[int], intent: str) -> str:
        """The opposite of `hold_out`."""
        return f"For training now: {examples_in_words(hold_out_examples(ids=ids, held_out=False, by=self.user))}."


class UndoView(TrainingDataPage, RedirectURLMixin, ActionView):
    """Takes back what a page before offered to undo."""

    form_class = UndoForm
    next_page = "admin:training_intent_changelist"

    def act(self, form: UndoForm) -> None:
        back = undo_change(step=form.cleaned_data["step"], by=self.user)
        messages.success(self.request, f"Back again: {back.words}." if back.count else "Nothing to bring back.")
        if back.left:
            left = examples_in_words(back.left)
            messages.error(self.request, f"Changed by somebody since, and left as they are: {left}.")


def existing_intent(bot: Bot, intent: str) -> str:
    """Raises BadExample where there is none, or none any more: a slip, or renamed meanwhile, it would be made anew."""
    name = intent.strip()
    if name not in intent_names(bot):
        raise BadExample(f"There is no intent {name}. Create it first." if name else "Say where to move them.")
    return name


def examples_in_words(count: int) -> str:
    """`one example`, `1,200 examples`"""
    return "one example" if count == 1 else f"{count:,} examples"
