"""Parts of the review desk, for scripts: each a piece of the page by its id, as the page itself draws it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from conversations.admin.transcript import WINDOW, Line, lines_of
from conversations.models import Conversation, Message
from conversations.selectors import review
from training import selectors as taught
from training.findings import NO_ENTITIES
from training.selectors.choosing import NEVER_CHOSEN, intents_to_choose
from training.selectors.usage import pipeline_of
from training.services import fill_vectors

FOLDER = "admin/conversations/conversation"
ABOUT = {"desk-head": "head", "desk-state": "review_state", "desk-tags": "tags", "desk-notes": "notes"}
NEAR = 4
NEAR_ENOUGH = 0.45  # cosine
FILLED = 64  # embeddings that one look keeps where nothing else works them out, 5 ms each


def reading(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of those who may read the conversation."""

    @require_GET
    @wraps(view)
    def allowed(request: HttpRequest, pk: int, page: ModelAdmin, **more: Any) -> HttpResponse:
        if not page.has_view_permission(request):
            raise PermissionDenied
        return view(request, found(pk), **more)

    return allowed


def found(pk: int) -> Conversation:
    conversation = review.conversation_for_review(pk)
    if conversation is None:
        raise Http404("This conversation is not there any more.")
    return conversation


def message_of(conversation: Conversation, seq: int) -> Message:
    message = review.message_for_review(conversation.pk, seq)
    if message is None:
        raise Http404("This message is not there any more.")
    return message


@reading
def some_messages(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """`?after=`, `?before=` or `?seq=`: `items` is their HTML, `parts` what stands around them. `stamp`: see there."""
    stamp = review.stamp_of(conversation.pk)  # of before the rest is read, so that nothing passes it by
    number = {name: int(str(value)) for name, value in request.GET.dict().items() if _is_number(value)}
    if "seq" in number:
        one = review.message_for_review(conversation.pk, number["seq"])
        rows = [one] if one else []
    else:
        rows = review.messages_for_review(
            conversation.pk, before=number.get("before"), after=number.get("after"), limit=WINDOW
        )
    return JsonResponse(
        {
            "items": draw_items(request, conversation, lines_of(conversation, rows)),
            "seqs": [row.seq for row in rows],
            "newest": conversation.last_seq,
            "stamp": stamp,
            "parts": draw_about(request, conversation),
        }
    )


@reading
def intents(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """All intents of the bot, each with one short example, names that none can have, and names of its entities."""
    bot = conversation.environment.bot
    named = {"intents": intents_to_choose(bot), "never": NEVER_CHOSEN, "entities": taught.entity_names(bot)}
    return JsonResponse(named)


@reading
def similar(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    """Examples that say about the same as the message."""
    text, bot = message_of(conversation, seq).text, conversation.environment.bot
    if not settings.EMBED_IN_BACKGROUND:
        fill_vectors(bot=bot, at_most=FILLED)
    near = taught.near_examples(bot, text, limit=NEAR)
    return JsonResponse(
        {
            "near": [
                {"text": it.example.text, "intent": it.example.intent.name, "similarity": round(it.similarity, 3)}
                for it in near
                if it.similarity >= NEAR_ENOUGH
            ]
        }
    )


@reading
def events(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    """What the engine did in the message's turn."""
    message = message_of(conversation, seq)
    rows = [
        (event.position, str(event.data.get("event", "")), _named(event.data), _pretty(event.data))
        for event in review.events_of(conversation.pk, message.turn or 0)
    ]
    return HttpResponse(render_to_string(f"{FOLDER}/events.html", {"events": rows}, request))


def about(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """What the pieces of the page are drawn from."""
    return {
        "conversation": conversation,
        "unanswered": conversation.last_turn - conversation.answered_turn,
        "reviewed": 0 < conversation.last_turn <= conversation.reviewed_turn,
        "may_review": request.user.has_perm("conversations.review_conversation"),
        "notes": review.notes_of(conversation.pk),
        "tag_names": review.tag_names(),
        "no_entities": no_entities(conversation),
        "filters": request.GET.get("_changelist_filters") or request.POST.get("_changelist_filters") or "",
    }


def no_entities(conversation: Conversation) -> str:
    """Why marking entities has no effect; empty where it has."""
    return "" if pipeline_of(conversation.environment.bot).learns_entities else NO_ENTITIES


def draw_about(request: HttpRequest, conversation: Conversation) -> dict[str, str]:
    context = about(request, conversation)
    return {key: render_to_string(f"{FOLDER}/{name}.html", context, request) for key, name in ABOUT.items()}


def draw_line(request: HttpRequest, conversation: Conversation, line: Line) -> dict[str, str]:
    return {f"m{line.message.seq}": draw_items(request, conversation, [line], days=False)}


def draw_items(request: HttpRequest, conversation: Conversation, lines: Iterable[Line], *, days: bool = True) -> str:
    may_review = request.user.has_perm("conversations.review_conversation")
    context = {"conversation": conversation, "lines": list(lines), "may_review": may_review, "days": days}
    context["no_entities"] = no_entities(conversation)
    return render_to_string(f"{FOLDER}/messages.html", context, request)


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal() and len(value) < 10


def _named(event: dict[str, Any]) -> str:
    """What one event is about, in a word or two."""
    if event.get("event") == "slot":
        return f"{event.get('name')} = {json.dumps(event.get('value'), ensure_ascii=False)}"
    return str(event.get("name") or event.get("text") or "")


def _pretty(event: dict[str, Any]) -> str:
    return json.dumps(event, indent=2, ensure_ascii=False)
