"""What staff change on the review page: each view takes a form and calls one service.

Scripts get the parts of the page that are different now; without scripts the page is shown again. Both get what undoes
the change.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.generic.edit import FormView

from assistant.lib.errors import FrontdeskError
from conversations import services
from conversations.admin.review.forms import (
    AnnotationForm,
    FlagForm,
    HandoffForm,
    NoteForm,
    ReviewedForm,
    SaveForLaterForm,
    TagsForm,
)
from conversations.admin.review.origin import Origin
from conversations.admin.review.rendering import render_lines, render_parts
from conversations.admin.review.transcript import lines_of
from conversations.admin.review.undo import (
    Undo,
    annotation_fields,
    read_review_change,
    signed_review_change,
    undo_by,
)
from conversations.admin.review.views import ConversationView
from conversations.errors import Gone
from conversations.models import Note
from conversations.selectors import review
from conversations.services.reviews import ReviewChange
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
        return self.change(self.request.user, **form.cleaned_data)

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        # One way to say no, for what the form refuses and for what the service refuses.
        error = next(iter(form.errors.as_data().values()))[0]
        raise FrontdeskError(str(error.message), code=error.code or "")

    def change(self, *by: Any, **fields: Any) -> HttpResponse:
        """Call the service with what the form says, and `answer`."""
        raise NotImplementedError

    def answer(self, said: str, undo: Undo | None = None, *, seq: int = 0) -> HttpResponse:
        """The parts that changed, or the page again; at the message `seq`, if any."""
        if not self.by_script:
            messages.success(self.request, said)
            return redirect(self.origin.page_url(self.conversation.pk, seq))
        del self.conversation  # is read anew, with the change
        parts = {**render_parts(self.request, self.conversation), **self.render_line(seq)}
        return JsonResponse({"said": said, "undo": undo, "parts": parts})

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
    """Whether a message was understood, and what is right. The same form with the fields of before undoes it."""

    form_class = AnnotationForm

    def change(self, by: Any, *, move: bool, **fields: Any) -> HttpResponse:
        message = self.message(self.seq)
        before = annotation_fields(message)  # the service changes the message's annotation
        annotation = services.annotate_message(
            message=message,
            verdict=fields["verdict"],
            intent=fields["intent"],
            entities=fields["entities"],
            revision=fields["revision"],
            move=move,
            by=by,
        )
        said = {"": "Verdict taken back.", "correct": "Noted as correct."}.get(annotation.verdict)
        if said is None:
            bot, moved_at = self.conversation.environment.bot, annotation.moved_at
            losers = ", ".join(training_data.intents_of_deleted_examples(bot, moved_at)) if moved_at else ""
            said = f"Taught as {annotation.intent}{f', and no longer as {losers}' if losers else ''}."
        undo = undo_by(self.request.path, **before, revision=annotation.revision)
        return self.answer(said, undo, seq=self.seq)


class FlagView(ChangeView):
    """A flag for colleagues, set or taken away."""

    form_class = FlagForm

    def change(self, by: Any, *, flagged: bool, revision: int) -> HttpResponse:
        message = self.message(self.seq)
        annotation = services.flag_message(message=message, flagged=flagged, revision=revision, by=by)
        undo = undo_by(self.request.path, flagged="" if flagged else "yes", revision=annotation.revision)
        return self.answer("Flagged." if flagged else "Flag taken away.", undo, seq=self.seq)


class NoteView(ChangeView):
    """A note added, changed or deleted. A deleted one comes back as a new one."""

    form_class = NoteForm

    def change(self, by: Any, *, id: int, seq: int, text: str, delete: bool) -> HttpResponse:
        message = self.message(seq) if seq else None
        url, about = self.request.path, {"seq": seq or ""}
        # An id that no note has is a note that a colleague deleted, not a new one.
        if "id" not in self.request.POST:
            added = services.add_note(conversation=self.conversation, text=text, message=message, by=by)
            return self.answer("Note added.", undo_by(url, **about, id=added.pk, delete="yes"), seq=seq)
        note = Note.objects.filter(conversation=self.conversation, pk=id).first()
        if note is None:
            raise Gone("This note is not there any more.")
        before = {**about, "text": note.text}
        if delete:
            services.delete_note(note=note, by=by)
            return self.answer("Note deleted.", undo_by(url, **before), seq=seq)
        services.change_note(note=note, text=text, by=by)
        return self.answer("Note changed.", undo_by(url, **before, id=id), seq=seq)


class TagsView(ChangeView):
    """Tags added and taken away."""

    form_class = TagsForm

    def change(self, by: Any, *, add: list[str], remove: list[str]) -> HttpResponse:
        changed = services.tag_conversation(conversation=self.conversation, add=add, remove=remove, by=by)
        said = f"Tagged {' and '.join(add)}." if add else f"Tag {' and '.join(remove)} taken away."
        # Only what has changed: a tag that was there before stays when this is undone.
        back = {"add": ", ".join(changed.removed), "remove": ", ".join(changed.added)}
        return self.answer(said, undo_by(self.request.path, **back) if any(back.values()) else None)


class SaveForLaterView(ChangeView):
    """In the list of what is saved for later, or not any more."""

    form_class = SaveForLaterForm

    def change(self, by: Any, *, saved: bool) -> HttpResponse:
        services.save_for_later(conversation=self.conversation, saved=saved, by=by)
        undo = undo_by(self.request.path, saved="" if saved else "yes")
        return self.answer("Saved for later." if saved else "Not saved any more.", undo)


class HandoffView(ChangeView):
    """The visitor asked for a person and got one, outside of here."""

    form_class = HandoffForm

    def change(self, by: Any, *, undo: bool) -> HttpResponse:
        if undo:
            services.reopen_handoff(conversation=self.conversation, by=by)
            return self.answer("Waits for a person again.", undo_by(self.request.path))
        services.close_handoff(conversation=self.conversation, by=by)
        return self.answer("Nobody waits for a person here any more.", undo_by(self.request.path, undo="yes"))


class ReviewedView(ChangeView):
    """Done with it, and on to the next that waits; or not done after all."""

    form_class = ReviewedForm

    def change(self, by: Any, *, seen: int, undo: bool, back: str) -> HttpResponse:
        conversation = self.conversation
        if "back" in self.request.POST:
            change = read_review_change(conversation, back)
            services.undo_review(conversation=conversation, change=change, by=by)
            return self.answer("As it was before.")
        if undo:
            change = services.mark_unreviewed(conversation=conversation, by=by)
            return self.answer("Waits for review again.", self._undo(change))
        change = services.mark_reviewed(conversation=conversation, seen_turn=seen, by=by)
        how_far = "" if seen >= conversation.last_turn else " as far as it was shown"
        return self._go_on(f"{conversation.external_id} is reviewed{how_far}.", self._undo(change))

    def _undo(self, change: ReviewChange) -> Undo:
        return undo_by(self.request.path, back=signed_review_change(self.conversation, change))

    def _go_on(self, said: str, undo: Undo) -> HttpResponse:
        """To the next that waits, whose page says what was done here; or back to the list."""
        # Looked for after the change, so that this conversation is not found again.
        found = self.origin.next_to_review(self.conversation)
        if found.conversation_id is None:
            rest = "The search goes on below." if found.further else "Nothing else waits here."
            messages.success(self.request, f"{said} {rest}")
            url = self.origin.list_url(found.further)
            return JsonResponse({"go": url}) if self.by_script else redirect(url)
        url = self.origin.page_url(found.conversation_id, found.seq)
        if self.by_script:
            undo["page"] = self.origin.page_url(self.conversation.pk)
            return JsonResponse({"said": said, "undo": undo, "go": url})
        messages.success(self.request, said)
        return redirect(url)
