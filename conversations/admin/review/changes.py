"""What staff change on the review page: each view takes a form and calls one service.

Scripts get the parts of the page that are different now; without scripts the page is shown again. Both get what undoes
the change.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic.edit import FormView

from assistant.change_sets import change_set, name_of
from assistant.lib.errors import FrontdeskError
from assistant.models import ChangeSet
from conversations import services
from conversations.admin.review.forms import (
    AnnotationForm,
    FlagForm,
    NoteForm,
    ReviewedForm,
    SaveForLaterForm,
    TagsForm,
    UndoForm,
)
from conversations.admin.review.origin import Origin
from conversations.admin.review.rendering import render_lines, render_parts
from conversations.admin.review.transcript import lines_of
from conversations.admin.review.views import ConversationView
from conversations.errors import Gone
from conversations.models import Annotation, Note
from conversations.selectors import review
from training import selectors as training_data


class ChangeView(ConversationView, FormView):
    """A form of those who may review. What a service refuses is said in its own words."""

    permission_required = "conversations.review_conversation"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.origin = Origin(request)
        self.seq = kwargs.get("seq", 0)  # of the message that it is about, if any
        # A browser that submits a form accepts HTML and `*/*`; our scripts ask for JSON alone.
        self.by_script = request.accepts("application/json") and not request.accepts("text/html")
        _ = self.conversation  # 404 before anything else
        try:
            return super().post(request, *args, **kwargs)
        except FrontdeskError as error:
            return self.refuse(error)

    def form_valid(self, form: forms.Form) -> HttpResponse:
        by = cast(User, self.request.user)
        with change_set("", about=self.conversation, by=by) as self.step:
            self.step.row.label = self.change(by, **form.cleaned_data)
        return self.answer(self.step.row)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        # One way to say no, for what the form refuses and for what the service refuses.
        error = next(iter(form.errors.as_data().values()))[0]
        raise FrontdeskError(str(error.message), code=error.code or "")

    def change(self, *by: Any, **fields: Any) -> str:
        """Call the service with what the form says. Returns what was done, in words, and sets `undo_label`."""
        raise NotImplementedError

    def answer(self, step: ChangeSet) -> HttpResponse:
        """The parts that changed, or the page again; at the message that it is about, if any."""
        if not self.by_script:
            messages.success(self.request, step.label)
            return redirect(self.origin.page_url(self.conversation.pk, self.seq))
        del self.conversation  # is read anew, with the change
        parts = {**render_parts(self.request, self.conversation), **self.render_line(self.seq)}
        return JsonResponse({"said": step.label, "undo": self.undo_of(step), "parts": parts})

    def undo_of(self, step: ChangeSet) -> dict[str, Any] | None:
        """The form that undoes it, for a script: its address and what it says. None where nothing was changed."""
        if step.pk is None:
            return None
        url = reverse("admin:conversations_conversation_undo", args=[self.conversation.pk])
        return {"url": url, "fields": {"step": step.pk, "seq": self.seq}}

    def refuse(self, error: FrontdeskError) -> HttpResponse:
        """What a colleague changed meanwhile is shown; what was chosen here stays chosen."""
        if self.by_script:
            said = {
                "code": error.code,
                "message": error.message,
                "extra": error.extra,
                "parts": self.render_line(self.seq),
            }
            return JsonResponse(said, status=error.status)
        messages.error(self.request, error.message)
        # The form did not get through, so the page fills in again what was chosen in it.
        mine = self.request.POST.get("intent") or self.request.POST.get("other") or ""
        return redirect(self.origin.page_url(self.conversation.pk, self.seq, mine=mine))

    def render_line(self, seq: int) -> dict[str, str]:
        """A message by the id of its element; nothing for 0."""
        row = review.message_for_review(self.conversation.pk, seq) if seq else None
        if row is None:
            return {}
        lines = lines_of(self.conversation, [row])
        return {f"m{row.seq}": render_lines(self.request, self.conversation, lines, with_days=False)}


class AnnotateView(ChangeView):
    """Whether a message was understood, and what is right."""

    form_class = AnnotationForm

    def change(self, by: Any, *, move: bool, **fields: Any) -> str:
        message = self.message(self.seq)
        self.step.row.undo_label = self._said(getattr(message, "annotation", None))
        annotation = services.annotate_message(
            message=message,
            verdict=fields["verdict"],
            intent=fields["intent"],
            entities=fields["entities"],
            revision=fields["revision"],
            move=move,
            by=by,
        )
        return self._said(annotation)

    def _said(self, annotation: Annotation | None) -> str:
        """What follows from it for the training data."""
        if annotation is None or not annotation.verdict:
            return "Verdict taken back."
        if annotation.verdict == Annotation.Verdict.CORRECT:
            return "Noted as correct."
        bot, step = self.conversation.environment.bot, annotation.change_set
        losers = ", ".join(training_data.intents_of_deleted_examples(bot, step.created)) if step else ""
        return f"Taught as {annotation.intent}{f', and no longer as {losers}' if losers else ''}."


class FlagView(ChangeView):
    """Flags a message, or takes its flag away."""

    form_class = FlagForm

    def change(self, by: Any, *, flagged: bool, revision: int) -> str:
        services.flag_message(message=self.message(self.seq), flagged=flagged, revision=revision, by=by)
        said = ("Flagged.", "Flag taken away.") if flagged else ("Flag taken away.", "Flagged.")
        self.step.row.undo_label = said[1]
        return said[0]


class NoteView(ChangeView):
    """Staff's words beside the conversation or one message: added, changed, deleted."""

    form_class = NoteForm

    def change(self, by: Any, *, id: int, seq: int, text: str, delete: bool) -> str:
        self.seq = seq
        if "id" not in self.request.POST:
            message = self.message(seq) if seq else None
            services.add_note(conversation=self.conversation, text=text, message=message, by=by)
            self.step.row.undo_label = "Note deleted."
            return "Note added."
        note = Note.objects.filter(conversation=self.conversation, pk=id).first()
        if note is None:
            raise Gone("This note is not there any more.")
        if delete:
            services.delete_note(note=note, by=by)
            self.step.row.undo_label = "Note added."
            return "Note deleted."
        services.change_note(note=note, text=text, by=by)
        self.step.row.undo_label = "Note changed."
        return "Note changed."


class TagsView(ChangeView):
    """Tags added and taken away."""

    form_class = TagsForm

    def change(self, by: Any, *, add: list[str], remove: list[str]) -> str:
        changed = services.tag_conversation(conversation=self.conversation, add=add, remove=remove, by=by)
        self.step.row.undo_label = self._said(changed.removed, changed.added)
        return self._said(add, remove)

    def _said(self, added: list[str], removed: list[str]) -> str:
        return f"Tagged {' and '.join(added)}." if added else f"Tag {' and '.join(removed)} taken away."


class SaveForLaterView(ChangeView):
    """In the list of what is saved for later, or not any more."""

    form_class = SaveForLaterForm

    def change(self, by: Any, *, saved: bool) -> str:
        services.save_for_later(conversation=self.conversation, saved=saved, by=by)
        self.step.row.undo_label = "Not saved any more." if saved else "Saved for later."
        return "Saved for later." if saved else "Not saved any more."


class HandoffView(ChangeView):
    """The visitor asked for a person and got one, outside of here."""

    form_class = forms.Form

    def change(self, by: Any) -> str:
        services.close_handoff(conversation=self.conversation, by=by)
        self.step.row.undo_label = "Waits for a person again."
        return "Nobody waits for a person here any more."


class ReviewedView(ChangeView):
    """Done with it, and on to the next that waits; or not done after all."""

    form_class = ReviewedForm

    def change(self, by: Any, *, seen: int, undo: bool) -> str:
        conversation = self.conversation
        self.step.row.undo_label = "As it was before."
        self.goes_on = not undo
        if undo:
            services.mark_unreviewed(conversation=conversation, by=by)
            return "Waits for review again."
        services.mark_reviewed(conversation=conversation, seen_turn=seen, by=by)
        how_far = "" if seen >= conversation.last_turn else " as far as it was shown"
        return f"{conversation.external_id} is reviewed{how_far}."

    def answer(self, step: ChangeSet) -> HttpResponse:
        """To the next that waits, whose page says what was done here; or back to the list."""
        if not self.goes_on:
            return super().answer(step)
        # Looked for after the change, so that this conversation is not found again.
        found = self.origin.next_to_review(self.conversation)
        if found.conversation_id is None:
            rest = "The search goes on below." if found.further else "Nothing else waits here."
            messages.success(self.request, f"{step.label} {rest}")
            url = self.origin.list_url(found.further)
            return JsonResponse({"go": url}) if self.by_script else redirect(url)
        url = self.origin.page_url(found.conversation_id, found.seq)
        if self.by_script:
            # It is undone on the page of the next, and leads back to this one.
            undo = {**(self.undo_of(step) or {}), "page": self.origin.page_url(self.conversation.pk)}
            return JsonResponse({"said": step.label, "undo": undo, "go": url})
        messages.success(self.request, step.label)
        return redirect(url)


class UndoView(ChangeView):
    """Undoes what the reader changed in this conversation, once."""

    form_class = UndoForm

    def form_valid(self, form: forms.Form) -> HttpResponse:
        self.seq = form.cleaned_data["seq"]
        by = cast(User, self.request.user)
        mine = ChangeSet.objects.filter(about=name_of(self.conversation), by=by)
        step = mine.filter(pk=form.cleaned_data["step"]).first()
        if step is None:
            raise FrontdeskError("This can't be undone.", code="bad_undo")
        services.undo_in_conversation(conversation=self.conversation, step=step, by=by)
        return self.answer(ChangeSet(label=step.undo_label))
