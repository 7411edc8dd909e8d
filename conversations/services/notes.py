"""Notes that staff write about a conversation, and tags that they give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from assistant.change_sets import record, state_of
from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.errors import Gone, NotYours
from conversations.models import Conversation, Message, Note, Tag
from conversations.services.reviews import lock_conversation, notify_readers

MAX_NOTE = 4000
MAX_TAGS = 20
MAX_TAG = 60


@dataclass(frozen=True)
class TagChange:
    """What is different now, by names as they are written."""

    added: list[str]
    removed: list[str]


def add_note(*, conversation: Conversation, text: str, by: User | None, message: Message | None = None) -> Note:
    """About the conversation as a whole, or about one message of it."""
    words = _note_text(text)
    if message is not None and message.conversation_id != conversation.pk:
        raise FrontdeskError("This message is part of another conversation.", code="bad_note")
    with write_transaction():
        row = lock_conversation(conversation.pk)
        note = Note.objects.create(conversation=conversation, message=message, text=words, by=by)
        record(note, None, state_of(note))
        audit.record(row, {"note": ("", words)}, by=by)
        notify_readers(note.conversation_id, note.seq)
    return note


def change_note(*, note: Note, text: str, by: User | None) -> Note:
    """Only whoever wrote it may. Raises Gone where it is not there any more."""
    words = _note_text(text)
    with write_transaction():
        row = _locked_note(note, by)
        before, row.text = state_of(row), words
        row.save(update_fields=["text", "updated"])
        record(row, before, state_of(row))
        audit.record(row.conversation, {"note": (before["text"], words)}, by=by)
        notify_readers(row.conversation_id, row.seq)
    return row


def delete_note(*, note: Note, by: User | None) -> None:
    """Only whoever wrote it may. Raises Gone where it is not there any more."""
    with write_transaction():
        row = _locked_note(note, by)
        audit.record(row.conversation, {"note": (row.text, "")}, by=by)
        record(row, state_of(row), None)
        row.delete()
        notify_readers(row.conversation_id, row.seq)


def tag_conversation(
    *, conversation: Conversation, add: Sequence[str] = (), remove: Sequence[str] = (), by: User | None
) -> TagChange:
    """Other tags stay as they are. New names are created; names are the same in whatever case."""
    wanted, unwanted = _tag_names(add), {name.casefold() for name in remove}
    with write_transaction():
        lock_conversation(conversation.pk)
        before = list(Tag.objects.filter(conversations=conversation))
        names = {tag.name.casefold() for tag in before}
        removed = [tag for tag in before if tag.name.casefold() in unwanted]
        # Somebody may create a tag of that name at the same moment.
        added = [
            Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name)[0]
            for name in wanted
            if name.casefold() not in names | unwanted
        ]
        _check_tag_count(len(before) - len(removed) + len(added))
        if removed or added:  # else there is nothing to tell and nothing for the audit log
            links = Conversation.tags.through.objects.filter(conversation=conversation)
            for link in links.filter(tag__in=removed):
                record(link, state_of(link), None)
            conversation.tags.remove(*removed)
            conversation.tags.add(*added)
            for link in links.filter(tag__in=added):
                record(link, None, state_of(link))
            after = sorted(tag.name for tag in [*before, *added] if tag not in removed)
            audit.record(conversation, {"tags": (sorted(tag.name for tag in before), after)}, by=by)
            notify_readers(conversation.pk)
    return TagChange([tag.name for tag in added], [tag.name for tag in removed])


def _tag_names(names: Sequence[str]) -> list[str]:
    """Without doubles (in whatever case), surrounding blanks and runs of them."""
    clean = {name.casefold(): name for name in (" ".join(str(name).split()) for name in names) if name}
    _check_tag_count(len(clean))
    if any(len(name) > MAX_TAG or "\0" in name or "," in name for name in clean.values()):
        raise FrontdeskError(f"A tag has at most {MAX_TAG} characters and no comma.", code="bad_tag")
    return list(clean.values())


def _check_tag_count(tags: int) -> None:
    if tags > MAX_TAGS:
        raise FrontdeskError(f"A conversation has at most {MAX_TAGS} tags.", code="bad_tag")


def _note_text(text: str) -> str:
    words = text.strip()
    if not words or len(words) > MAX_NOTE or "\0" in words:
        raise FrontdeskError(f"A note has 1 to {MAX_NOTE:,} characters.", code="bad_note")
    return words


def _locked_note(note: Note, by: User | None) -> Note:
    """As it is now, its conversation locked. Raises NotYours."""
    conversation = lock_conversation(note.conversation_id)
    row = Note.objects.select_related("message").filter(pk=note.pk).first()
    if row is None:
        raise Gone("This note is not there any more.")
    if by is not None and row.by_id != by.pk:
        raise NotYours("Only whoever wrote a note can change it.")
    row.conversation = conversation
    return row
