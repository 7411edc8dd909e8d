"""Undo: how annotations, notes, tags and the state of a conversation are recorded in change sets, and restored."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model

from assistant import change_sets
from assistant.change_sets import State, UndoableRows, register_undoable
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import ChangedMeanwhile
from assistant.models import Change, ChangeSet
from conversations.models import Annotation, Conversation, Note
from conversations.services.reviews import lock_conversation, notify_readers
from conversations.signals import state_changed
from training.models import Example
from training.selectors import intent_now
from training.services import lock_bot

ANNOTATION = Annotation._meta.label_lower
Pairs = Sequence[tuple[Any, Change]]
AUDITED = {"reviewed_turn": "reviewed messages", "saved_for_later": "saved for later", "state": "state"}


def undo_in_conversation(*, conversation: Conversation, step: ChangeSet, by: User | None) -> None:
    """All that was changed in the conversation is as it was before, and so is the training data that nobody changed
    since. Raises CannotUndo, or ChangedMeanwhile where somebody changed the conversation since."""
    with write_transaction():
        if step.changes.filter(model__startswith="training.").exists():
            # The bot before the conversation: every change of training data locks in this order.
            lock_bot(conversation.environment.bot)
        lock_conversation(conversation.pk)
        step.refresh_from_db()
        if step.undone and step.undone_by_id != (by.pk if by else None):
            # A colleague annotated the same message, which took this back.
            for change in step.changes.filter(model=ANNOTATION):
                check_unchanged(Annotation.objects.get(pk=change.row), 0)
        for change in change_sets.undo(step=step, by=by).left:
            if change.model == ANNOTATION:
                check_unchanged(Annotation.objects.get(pk=change.row), 0)
            if change.model == Conversation._meta.label_lower:
                raise ChangedMeanwhile("Somebody reviewed this meanwhile.")


def check_unchanged(annotation: Annotation, revision: int) -> None:
    """Raises ChangedMeanwhile where `revision` is not its newest."""
    if annotation.revision == revision:
        return
    who = annotation.by.get_username() if annotation.by else "Somebody"
    raise ChangedMeanwhile(
        f"{who} changed this meanwhile: {annotation.in_words}.",
        by=who,
        revision=annotation.revision,
        verdict=annotation.verdict,
        intent=annotation.intent,
        flagged=annotation.flagged,
    )


def count_flags(conversation: Conversation) -> None:
    """The list filters by it without reading annotations."""
    conversation.flag_count = Annotation.objects.filter(conversation=conversation, flagged=True).count()
    conversation.save(update_fields=["flag_count"])


@register_undoable
class _Annotations(UndoableRows):
    """Its intent is not compared: it follows when an intent is renamed."""

    model = Annotation
    fields = ("verdict", "intent", "entities", "flagged", "example_id", "change_set_id")
    following = frozenset({"intent"})
    NONE: State = {
        "verdict": "",
        "intent": "",
        "entities": [],
        "flagged": False,
        "example_id": None,
        "change_set_id": None,
    }

    def restore(self, rows: Pairs, by: User | None) -> list[Change]:
        """One that was made says nothing any more, and keeps counting its revisions."""
        for row, change in rows:
            before, after = change.before or self.NONE, change.after or self.NONE
            self.apply(row, before)
            # What it referred to may be gone for good by now.
            row.example = Example.objects.filter(pk=row.example_id).first()
            row.change_set = ChangeSet.objects.filter(pk=row.change_set_id).first()
            if row.intent:
                row.intent = intent_now(row.conversation.environment.bot, row.intent) or row.intent
            row.revision, row.by = row.revision + 1, by
            row.save()
            count_flags(row.conversation)
            said = {name: (after[name], before[name]) for name in ("verdict", "intent", "entities", "flagged")}
            audit.record(row, said, by=by)
            notify_readers(row.conversation_id, row.message.seq)
        return [change for _, change in rows]


@register_undoable
class _Conversations(UndoableRows):
    model = Conversation
    fields = ("reviewed_turn", "reviewed_at", "reviewed_by_id", "saved_for_later", "state")

    def is_same(self, state: State | None, change: Change) -> bool:
        """Whether what the change changed is so still: a review and a hand-off have nothing to do with each other."""
        before, after = change.before or {}, change.after or {}
        return state is not None and all(state[it] == after[it] for it in self.fields if before[it] != after[it])

    def restore(self, rows: Pairs, by: User | None) -> list[Change]:
        for row, change in rows:
            before, after = change.before or {}, change.after or {}
            changed = [name for name in self.fields if before[name] != after[name]]
            self.apply(row, {name: before[name] for name in changed})
            row.save(update_fields=[name.removesuffix("_id") for name in changed])
            audit.record(row, {AUDITED[it]: (after[it], before[it]) for it in changed if it in AUDITED}, by=by)
            notify_readers(row.pk)
            if "state" in changed:
                send = partial(state_changed.send_robust, Conversation, conversation=row)
                transaction.on_commit(send, robust=True)
        return [change for _, change in rows]


class _ConversationParts(UndoableRows):
    """What is deleted for good comes back with the key that it had, which other changes know it by."""

    def restore(self, rows: Pairs, by: User | None) -> list[Change]:
        done = []
        for row, change in rows:
            if change.before is None:
                row = row or self.model(pk=change.row)
                self.record(row, row, None, by)
                self.model._default_manager.filter(pk=change.row).delete()
            else:
                before = row or self.model(pk=change.row)
                old = self.model._default_manager.filter(pk=change.row).first()
                self.apply(before, change.before)
                before.save(force_insert=row is None)
                self.record(before, old, before, by)
            done.append(change)
        return done

    def record(self, row: Any, before: Any, after: Any, by: User | None) -> None:
        """In the audit log, and to those who read it."""
        raise NotImplementedError


@register_undoable
class _Notes(_ConversationParts):
    model = Note
    fields = ("conversation_id", "message_id", "text", "by_id")

    def record(self, row: Note, before: Note | None, after: Note | None, by: User | None) -> None:
        said = {"note": (before.text if before else "", after.text if after else "")}
        audit.record(row.conversation, said, by=by)
        notify_readers(row.conversation_id, row.seq)


@register_undoable
class _TagsOfConversations(_ConversationParts):
    model = cast(type[Model], Conversation.tags.through)
    fields = ("conversation_id", "tag_id")

    def record(self, row: Any, before: Any, after: Any, by: User | None) -> None:
        names = set(row.conversation.tags.values_list("name", flat=True))
        now = (names | {row.tag.name}) if after else (names - {row.tag.name})
        then = (names | {row.tag.name}) if before else (names - {row.tag.name})
        audit.record(row.conversation, {"tags": (sorted(then), sorted(now))}, by=by)
        notify_readers(row.conversation_id)
