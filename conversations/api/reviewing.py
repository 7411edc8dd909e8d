"""The parts of a review that one request may carry, each one a call of its service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from assistant.lib.api.errors import NotFound
from assistant.lib.database import write_transaction
from conversations import services
from conversations.models import Annotation, Conversation, Message, Note
from conversations.selectors.review import look_for_doubles


def apply(conversation: Conversation, asked: Mapping[str, Any], by: User) -> None:
    """All of it, or nothing."""
    with write_transaction():
        message = _message(conversation, asked.get("seq"))
        if message:
            _about_message(message, asked, by)
        if "note" in asked:
            services.add_note(conversation=conversation, text=asked["note"], by=by, message=message)
        if {"add_tags", "remove_tags"} & set(asked):
            add, remove = asked.get("add_tags", ()), asked.get("remove_tags", ())
            services.tag_conversation(conversation=conversation, add=add, remove=remove, by=by)
        if "saved_for_later" in asked:
            services.save_for_later(conversation=conversation, saved=asked["saved_for_later"], by=by)
        if "waiting" in asked:
            services.take_care(conversation=conversation, by=by, undo=asked["waiting"])
        if asked.get("reviewed"):
            services.mark_reviewed(conversation=conversation, by=by, seen_turn=asked.get("seen_turn"))
        elif "reviewed" in asked:
            services.mark_unreviewed(conversation=conversation, by=by)


def review_of(conversation: Conversation) -> dict[str, Any]:
    row = Conversation.objects.select_related("reviewed_by").prefetch_related("tags").get(pk=conversation.pk)
    return {
        "reviewed": row.reviewed_turn >= row.last_turn,
        "reviewed_at": row.reviewed_at,
        "reviewed_by": row.reviewed_by.get_username() if row.reviewed_by else None,
        "saved_for_later": row.saved_for_later,
        "tags": [tag.name for tag in row.tags.all()],
        "annotations": _annotations(row),
        "notes": Note.objects.filter(conversation=row).select_related("by", "message"),
    }


def _about_message(message: Message, asked: Mapping[str, Any], by: User) -> None:
    revision = asked.get("revision", 0)
    if "verdict" in asked:
        annotation = services.judge_message(
            message=message,
            verdict=asked["verdict"],
            intent=asked.get("intent", ""),
            entities=asked.get("entities"),
            revision=revision,
            by=by,
        )
        revision = annotation.revision
    if "flagged" in asked:
        services.flag_message(message=message, flagged=asked["flagged"], revision=revision, by=by)


def _message(conversation: Conversation, seq: int | None) -> Message | None:
    if seq is None:
        return None
    rows = Message.objects.filter(conversation=conversation, seq=seq).select_related("conversation__environment__bot")
    found = rows.first()
    if found is None:
        raise NotFound("There is no such message.")
    return found


def _annotations(conversation: Conversation) -> list[Annotation]:
    rows = Annotation.objects.filter(conversation=conversation).select_related("message", "by").order_by("message__seq")
    found = list(rows)
    look_for_doubles(conversation.environment.bot, found)
    return found
