"""The review of a conversation: what one request may change of it, each part by its service, and what the API shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User

from assistant.lib.api.views import get_object_or_404
from assistant.lib.database import write_transaction
from conversations import services
from conversations.models import Annotation, Conversation, Message, Note
from conversations.selectors.review import find_duplicates


def change_review(conversation: Conversation, changes: Mapping[str, Any], by: User) -> None:
    """All of it, or nothing."""
    with write_transaction():
        message = None
        if "seq" in changes:
            rows = Message.objects.select_related("conversation__environment__bot")
            message = get_object_or_404(rows, conversation=conversation, seq=changes["seq"])
            _annotate(message, changes, by)
        if "note" in changes:
            services.add_note(conversation=conversation, text=changes["note"], by=by, message=message)
        if {"add_tags", "remove_tags"} & set(changes):
            add, remove = changes.get("add_tags", ()), changes.get("remove_tags", ())
            services.tag_conversation(conversation=conversation, add=add, remove=remove, by=by)
        if "saved_for_later" in changes:
            services.save_for_later(conversation=conversation, saved=changes["saved_for_later"], by=by)
        if "waiting" in changes:
            change_handoff = services.reopen_handoff if changes["waiting"] else services.close_handoff
            change_handoff(conversation=conversation, by=by)
        # Last: whoever is done with it does not want it later any more, whatever the same request said of that.
        if changes.get("reviewed"):
            services.mark_reviewed(conversation=conversation, by=by, seen_turn=changes.get("seen_turn"))
        elif "reviewed" in changes:
            services.mark_unreviewed(conversation=conversation, by=by)


def review_of(conversation: Conversation) -> dict[str, Any]:
    """What `ReviewSerializer` shows, read anew."""
    rows = Conversation.objects.select_related("reviewed_by", "environment__bot").prefetch_related("tags")
    row = rows.get(pk=conversation.pk)
    annotations = list(
        Annotation.objects.filter(conversation=row).select_related("message", "by").order_by("message__seq")
    )
    find_duplicates(row.environment.bot, annotations)
    return {
        "reviewed": row.reviewed_turn >= row.last_turn,
        "reviewed_at": row.reviewed_at,
        "reviewed_by": row.reviewed_by.get_username() if row.reviewed_by else None,
        "saved_for_later": row.saved_for_later,
        "tags": [tag.name for tag in row.tags.all()],
        "annotations": annotations,
        "notes": Note.objects.filter(conversation=row).select_related("by", "message"),
    }


def _annotate(message: Message, changes: Mapping[str, Any], by: User) -> None:
    revision = changes.get("revision", 0)
    if "verdict" in changes:
        annotation = services.annotate_message(
            message=message,
            verdict=changes["verdict"],
            intent=changes.get("intent", ""),
            entities=changes.get("entities"),
            revision=revision,
            by=by,
        )
        revision = annotation.revision  # the flag is set on what the verdict has just made
    if "flagged" in changes:
        services.flag_message(message=message, flagged=changes["flagged"], revision=revision, by=by)
