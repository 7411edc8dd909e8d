"""Reading one conversation: what scripts of the review page ask for, and the way to the conversations beside it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.views.generic import View

from conversations.admin.filters import parse_number
from conversations.admin.review.origin import Origin
from conversations.admin.review.rendering import TEMPLATES, render_lines, render_parts
from conversations.admin.review.transcript import WINDOW, lines_of
from conversations.models import Conversation, Message
from conversations.selectors import review
from training import selectors as training_data
from training.selectors import RESERVED_INTENTS, intent_choices

SIMILAR = 4  # examples
SIMILAR_ENOUGH = 0.45  # cosine


class ConversationView(PermissionRequiredMixin, View):
    """About one conversation, `pk` in the address; `seq` there is one of its messages."""

    permission_required = "conversations.view_conversation"
    raise_exception = True
    http_method_names = ["get"]

    @cached_property
    def conversation(self) -> Conversation:
        """Raises Http404."""
        conversation = review.conversation_for_review(self.kwargs["pk"])
        if conversation is None:
            raise Http404("This conversation is not there any more.")
        return conversation

    def message(self, seq: int) -> Message:
        """Raises Http404."""
        message = review.message_for_review(self.conversation.pk, seq)
        if message is None:
            raise Http404("This message is not there any more.")
        return message


class MessagesView(ConversationView):
    """Messages from `?after=`, `?before=` or `?seq=` on: `items` is their HTML, `parts` what is around them."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        # The stamp of before the rest is read: a change meanwhile makes another one, so that the page asks again.
        stamp = review.stamp_of(self.conversation.pk)
        before, after, seq = (parse_number(request.GET.get(name, "")) for name in ("before", "after", "seq"))
        if seq is not None:
            row = review.message_for_review(self.conversation.pk, seq)
            rows = [row] if row else []  # a number that no message has is no error to a script
        else:
            rows = review.messages_for_review(self.conversation.pk, before=before, after=after, limit=WINDOW)
        return JsonResponse(
            {
                "items": render_lines(request, self.conversation, lines_of(self.conversation, rows)),
                "seqs": [row.seq for row in rows],
                "newest": self.conversation.last_seq,
                "stamp": stamp,
                "parts": render_parts(request, self.conversation),
            }
        )


class IntentsView(ConversationView):
    """All intents of the bot, each with one short example, names that none can have, and names of its entities."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        bot = self.conversation.environment.bot
        return JsonResponse(
            {
                "intents": intent_choices(bot),
                "never": RESERVED_INTENTS,
                "entities": training_data.entity_names(bot),
            }
        )


class SimilarExamplesView(ConversationView):
    """Examples that say about the same as a message."""

    def get(self, request: HttpRequest, seq: int, **kwargs: Any) -> HttpResponse:
        message, bot = self.message(seq), self.conversation.environment.bot
        found = training_data.near_examples(bot, message.text, limit=SIMILAR)
        similar = [
            {"text": it.example.text, "intent": it.example.intent.name, "similarity": round(it.similarity, 3)}
            for it in found
            if it.similarity >= SIMILAR_ENOUGH
        ]
        return JsonResponse({"near": similar})


class EventsView(ConversationView):
    """What the engine did in the turn of a message."""

    def get(self, request: HttpRequest, seq: int, **kwargs: Any) -> HttpResponse:
        turn = self.message(seq).turn or 0
        rows = []
        for event in review.events_of(self.conversation.pk, turn):
            data = event.data
            name = str(data.get("name") or data.get("text") or "")
            if data.get("event") == "slot":
                name = f"{data.get('name')} = {json.dumps(data.get('value'), ensure_ascii=False)}"
            pretty = json.dumps(data, indent=2, ensure_ascii=False)
            rows.append((event.position, str(data.get("event", "")), name, pretty))
        return HttpResponse(render_to_string(f"{TEMPLATES}/events.html", {"events": rows}, request))


class NextView(ConversationView):
    """On to the next older conversation of the list that the reader came from."""

    older = True

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        origin = Origin(request)
        found = origin.neighbour(self.conversation, older=self.older)
        if found.further is not None:
            messages.info(request, "Nothing new among the hits looked at. The search goes on from here.")
            return redirect(origin.list_url(found.further))
        if found.conversation_id is None:
            messages.info(request, f"This is the {'last' if self.older else 'first'} one of the list.")
        return redirect(origin.page_url(found.conversation_id or self.conversation.pk, found.seq))


class PreviousView(NextView):
    """Back to the next newer one."""

    older = False
