"""The review page in parts, each by the id of its element: whole pages and answers to scripts show the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from conversations.admin.review.origin import Origin
from conversations.admin.review.transcript import Line
from conversations.models import Conversation
from conversations.selectors import review
from training.selectors import NO_ENTITIES, pipeline_of

TEMPLATES = "admin/conversations/conversation"
# Scripts replace the elements with these ids.
PARTS = {"desk-head": "head", "desk-state": "review_state", "desk-tags": "tags", "desk-notes": "notes"}
"""What is around the messages: template by id."""


def page_context(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    """What all templates of the page need."""
    return {
        "conversation": conversation,
        "unanswered": conversation.last_turn - conversation.answered_turn,
        "reviewed": 0 < conversation.last_turn <= conversation.reviewed_turn,
        "may_review": request.user.has_perm("conversations.review_conversation"),
        "notes": review.notes_of(conversation.pk),
        "tag_names": review.tag_names(),
        "no_entities": _why_no_entities(conversation),
        "filters": Origin(request).query,
    }


def render_parts(request: HttpRequest, conversation: Conversation) -> dict[str, str]:
    """All that is around the messages."""
    context = page_context(request, conversation)
    return {key: render_to_string(f"{TEMPLATES}/{name}.html", context, request) for key, name in PARTS.items()}


def render_lines(
    request: HttpRequest, conversation: Conversation, lines: Sequence[Line], *, with_days: bool = True
) -> str:
    """Messages as they stand in the page; `with_days`: with a heading where a day begins."""
    context = {
        "conversation": conversation,
        "lines": lines,
        "may_review": request.user.has_perm("conversations.review_conversation"),
        "days": with_days,
        "no_entities": _why_no_entities(conversation),
    }
    return render_to_string(f"{TEMPLATES}/messages.html", context, request)


def _why_no_entities(conversation: Conversation) -> str:
    """Why marking entities has no effect; empty where it has."""
    return "" if pipeline_of(conversation.environment.bot).learns_entities else NO_ENTITIES
