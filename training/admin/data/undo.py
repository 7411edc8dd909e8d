"""The offer to undo what was just done: a message with a button, on the page that comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone

from assistant.models import ChangeSet

UNDO = "training_undoing"
OFFERED_FOR = timedelta(days=1)


def offer_undo(request: HttpRequest, step: ChangeSet) -> None:
    """The next page says what was done, with a button that undoes it."""
    if step.pk is None:  # it changed nothing
        messages.success(request, step.label)
        return
    # A message's tags are all that Django keeps beside its words. On a page without the button they do no harm.
    messages.success(request, step.label, extra_tags=f"{UNDO} {step.pk}")


def messages_and_undo(request: HttpRequest) -> tuple[list[Any], dict[str, str] | None]:
    """The messages for this page: those that only say something, and the newest that can be undone."""
    plain, undo = [], None
    # Django forgets each message that is looked at: a page that is loaded again offers nothing.
    for message in messages.get_messages(request):
        kind, _, key = (message.extra_tags or "").partition(" ")
        if kind == UNDO:
            undo = {"words": message.message, "step": key}
        else:
            plain.append(message)
    return plain, undo


def undoable_step(key: int | None) -> ChangeSet | None:
    """A change of training data that nobody has undone, and that is not too old."""
    rows = ChangeSet.objects.filter(about__startswith="training.bot:", created__gt=timezone.now() - OFFERED_FOR)
    return rows.filter(pk=key, undone=None).first() if key else None
