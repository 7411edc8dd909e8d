"""What staff do at the review desk. Each parses a form, calls one service, and answers with a page or its parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from assistant.lib import strict_json
from assistant.lib.errors import FrontdeskError
from conversations import services
from conversations.admin import review_parts as parts
from conversations.admin import way_back
from conversations.admin.beside import CameFrom, filters_of
from conversations.admin.transcript import Line, lines_of
from conversations.errors import Gone
from conversations.models import Annotation, Conversation, Message, Note
from conversations.selectors import review
from conversations.services.reviews import ReviewChange as Marked
from training import selectors as taught

CHANGE = "admin:conversations_conversation_change"
Fields = dict[str, Any]


def acting(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of those who may review. What a service refuses is said in its own words."""

    @require_POST
    @wraps(view)
    def allowed(request: HttpRequest, pk: int, page: ModelAdmin, **more: Any) -> HttpResponse:
        if not request.user.has_perm("conversations.review_conversation"):
            raise PermissionDenied
        conversation = parts.found(pk)
        try:
            return view(request, conversation, **more)
        except FrontdeskError as error:
            return _refused(request, conversation, error, more.get("seq", 0))

    return allowed


@acting
def judge(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    """`verdict` correct, corrected (to `other`) or empty; or `intent`, a choice, which is a correction by itself; or
    `move`, which takes the text away from the intents that have it beside `also`."""
    message = parts.message_of(conversation, seq)
    before, move = _judged(message), request.POST.get("move") == "yes"
    chosen = request.POST.get("also" if move else "intent", "")
    annotation = services.annotate_message(
        message=message,
        verdict=Annotation.Verdict.CORRECTED if chosen else request.POST.get("verdict", ""),
        intent=chosen or request.POST.get("other", ""),
        entities=_entities(request),
        revision=_number(request, "revision"),
        move=move,
        by=_staff(request),
    )
    said = {"": "Verdict taken back.", "correct": "Noted as correct.", "corrected": _taught(annotation)}
    undo = {"url": request.path, "fields": {**before, "revision": annotation.revision}}
    return _answer(request, conversation, said[annotation.verdict], seq=seq, undo=undo)


@acting
def flag(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    flagged = request.POST.get("flagged") == "yes"
    annotation = services.flag_message(
        message=parts.message_of(conversation, seq),
        flagged=flagged,
        revision=_number(request, "revision"),
        by=_staff(request),
    )
    undo = {"url": request.path, "fields": {"flagged": "" if flagged else "yes", "revision": annotation.revision}}
    return _answer(request, conversation, "Flagged." if flagged else "Flag taken away.", seq=seq, undo=undo)


@acting
def note(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """A new note (beside message `seq`, if any), another `text` for the one of that `id`, or `delete` it."""
    seq = _number(request, "seq")
    message = parts.message_of(conversation, seq) if seq else None
    kept = _note(request, conversation) if "id" in request.POST else None
    if kept and "delete" in request.POST:
        undo = {"url": request.path, "fields": {"text": kept.text, "seq": seq or ""}}
        services.delete_note(note=kept, by=_staff(request))
        return _answer(request, conversation, "Note deleted.", seq=seq, undo=undo)
    if kept:
        undo = {"url": request.path, "fields": {"text": kept.text, "seq": seq or "", "id": kept.pk}}
        services.change_note(note=kept, text=request.POST.get("text", ""), by=_staff(request))
        return _answer(request, conversation, "Note changed.", seq=seq, undo=undo)
    made = services.add_note(
        conversation=conversation, text=request.POST.get("text", ""), message=message, by=_staff(request)
    )
    undo = {"url": request.path, "fields": {"id": made.pk, "delete": "yes", "seq": seq or ""}}
    return _answer(request, conversation, "Note added.", seq=seq, undo=undo)


@acting
def tag(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """`add` and `remove`, either with commas between names."""
    add, remove = _names(request, "add"), _names(request, "remove")
    tagged = services.tag_conversation(conversation=conversation, add=add, remove=remove, by=_staff(request))
    said = f"Tagged {' and '.join(add)}." if add else f"Tag {' and '.join(remove)} taken away."
    back = {"add": ", ".join(tagged.removed), "remove": ", ".join(tagged.added)}
    undo = {"url": request.path, "fields": back} if any(back.values()) else None
    return _answer(request, conversation, said, undo=undo)


@acting
def later(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    saved = request.POST.get("saved") == "yes"
    services.save_for_later(conversation=conversation, saved=saved, by=_staff(request))
    undo = {"url": request.path, "fields": {"saved": "" if saved else "yes"}}
    return _answer(request, conversation, "Saved for later." if saved else "Not saved any more.", undo=undo)


@acting
def cared(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The visitor asked for a person and got one, outside of here."""
    undo = "undo" in request.POST
    (services.reopen_handoff if undo else services.close_handoff)(conversation=conversation, by=_staff(request))
    back = {"url": request.path, "fields": {} if undo else {"undo": "yes"}}
    said = "Waits for a person again." if undo else "Nobody waits for a person here any more."
    return _answer(request, conversation, said, undo=back)


@acting
def reviewed(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Done with it as far as it was `seen`, and on to the next that waits. `undo` has it wait again and stays; `back`
    is what an undo of either has."""
    by, seen = _staff(request), _number(request, "seen")
    if "back" in request.POST:
        services.undo_review(conversation=conversation, change=way_back.read(conversation, request.POST["back"]), by=by)
        return _answer(request, conversation, "As it was before.")
    if "undo" in request.POST:
        marked = services.mark_unreviewed(conversation=conversation, by=by)
        return _answer(request, conversation, "Waits for review again.", undo=_back(request, conversation, marked))
    marked = services.mark_reviewed(conversation=conversation, seen_turn=seen, by=by)
    how_far = "" if seen >= conversation.last_turn else " as far as it was shown"
    said = f"{conversation.external_id} is reviewed{how_far}."
    following = CameFrom.of(request).next_to_review(conversation)
    if following.conversation_id is None:
        rest = "The search goes on below." if following.further else "Nothing else waits here."
        return _leave(request, f"{said} {rest}", following.further)
    url = _address(following.conversation_id, request, following.seq)
    back = {**_back(request, conversation, marked), "page": _address(conversation.pk, request)}
    return _go(request, url, said, back)


def _back(request: HttpRequest, conversation: Conversation, marked: Marked) -> Fields:
    return {"url": request.path, "fields": {"back": way_back.written(conversation, marked)}}


def to_next(request: HttpRequest, pk: int, page: ModelAdmin) -> HttpResponse:
    return _beside(request, pk, page, older=True)


def to_previous(request: HttpRequest, pk: int, page: ModelAdmin) -> HttpResponse:
    return _beside(request, pk, page, older=False)


@require_GET
def _beside(request: HttpRequest, pk: int, page: ModelAdmin, *, older: bool) -> HttpResponse:
    if not page.has_view_permission(request):
        raise PermissionDenied
    here = parts.found(pk)
    came_from = CameFrom.of(request)
    step = came_from.beside(here, older=older)
    if step.further is not None:
        messages.info(request, "Nothing new among the hits looked at. The search goes on from here.")
        return redirect(came_from.url(step.further))
    if step.conversation_id is None:
        messages.info(request, f"This is the {'last' if older else 'first'} one of the list.")
    return redirect(_address(step.conversation_id or here.pk, request, step.seq))


def _answer(
    request: HttpRequest,
    conversation: Conversation,
    said: str,
    *,
    seq: int = 0,
    undo: Fields | None = None,
) -> HttpResponse:
    """The pieces that changed, or the page again."""
    if not _by_script(request):
        messages.success(request, said)
        return redirect(_address(conversation.pk, request, seq))
    conversation = parts.found(conversation.pk)
    pieces = {**parts.draw_about(request, conversation), **_line(request, conversation, seq)}
    return JsonResponse({"said": said, "undo": undo, "parts": pieces})


def _go(request: HttpRequest, url: str, said: str, undo: Fields) -> HttpResponse:
    """On to another conversation, whose page says what was done here."""
    if _by_script(request):
        return JsonResponse({"said": said, "undo": undo, "go": url})
    messages.success(request, said)
    return redirect(url)


def _leave(request: HttpRequest, said: str, further: int | None = None) -> HttpResponse:
    """Back to the list."""
    messages.success(request, said)
    url = CameFrom.of(request).url(further)
    return JsonResponse({"go": url}) if _by_script(request) else redirect(url)


def _refused(request: HttpRequest, conversation: Conversation, error: FrontdeskError, seq: int) -> HttpResponse:
    """What a colleague made of it meanwhile is shown; what was chosen stays chosen."""
    if _by_script(request):
        pieces = _line(request, conversation, seq)
        told = {"code": error.code, "message": error.message, "extra": error.extra, "parts": pieces}
        return JsonResponse(told, status=error.status)
    messages.error(request, error.message)
    mine = request.POST.get("intent") or request.POST.get("other") or ""
    return redirect(_address(conversation.pk, request, seq, mine=mine))


def _line(request: HttpRequest, conversation: Conversation, seq: int) -> dict[str, str]:
    one = review.message_for_review(conversation.pk, seq) if seq else None
    rows = [one] if one else []
    return parts.draw_line(request, conversation, lines_of(conversation, rows)[0]) if rows else {}


def _address(pk: int, request: HttpRequest, seq: int = 0, mine: str = "") -> str:
    wanted = {"at": str(seq) if seq else "", "mine": mine, "_changelist_filters": filters_of(request)}
    query = urlencode({name: value for name, value in wanted.items() if value})
    url = reverse(CHANGE, args=[pk])
    return f"{url}{'?' if query else ''}{query}{f'#m{seq}' if seq else ''}"


def _judged(message: Message) -> Fields:
    """The form that says what the verdict is now."""
    annotation = Line(message).annotation
    if annotation is None or not annotation.verdict:
        return {"verdict": ""}
    return {
        "verdict": annotation.verdict,
        "other": annotation.intent,
        "entities": json.dumps(annotation.entities, ensure_ascii=False),
    }


def _taught(annotation: Annotation) -> str:
    bot, mark = annotation.conversation.environment.bot, annotation.moved_at
    losers = ", ".join(taught.intents_that_lost(bot, mark)) if mark else ""
    return f"Taught as {annotation.intent}{f', and no longer as {losers}' if losers else ''}."


def _entities(request: HttpRequest) -> list[Fields] | None:
    if not request.POST.get("entities"):
        return None
    try:
        entities = strict_json.parse_json(request.POST["entities"])
    except ValueError:
        raise FrontdeskError("Entities are a JSON list.", code="bad_entities") from None
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise FrontdeskError("Entities are a JSON list.", code="bad_entities")
    return entities


def _note(request: HttpRequest, conversation: Conversation) -> Note:
    kept = Note.objects.filter(conversation=conversation, pk=_number(request, "id")).first()
    if kept is None:
        raise Gone("This note is not there any more.")
    return kept


def _number(request: HttpRequest, name: str) -> int:
    """0 where it is none."""
    value = request.POST.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 else 0


def _names(request: HttpRequest, field: str) -> list[str]:
    return [name.strip() for name in request.POST.get(field, "").split(",") if name.strip()]


def _by_script(request: HttpRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def _staff(request: HttpRequest) -> Any:
    if not request.user.is_authenticated:
        raise Http404
    return request.user
