"""Staff's own words beside a conversation: notes and tags."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from assistant.lib import audit
from assistant.lib.database import writing
from assistant.lib.errors import FrontdeskError
from conversations.models import Conversation, Message, Note, Tag
from conversations.signals import review_changed

MAX_NOTE = 4000
MAX_TAGS = 20
MAX_TAG = 60


def add_note(*, conversation: Conversation, text: str, by: User | None, message: Message | None = None) -> Note:
    words = _note_text(text)
    if message is not None and message.conversation_id != conversation.pk:
        raise FrontdeskError("This message is part of another conversation.", code="bad_note")
    with writing():
        note = Note.objects.create(conversation=conversation, message=message, text=words, by=by)
        audit.note(note, {"text": ("", words)}, by=by, action=audit.CREATED)
        _tell(conversation.pk, message.seq if message else 0)
    return note


def change_note(*, note: Note, text: str, by: User | None) -> Note:
    """Only whoever wrote it may."""
    words = _note_text(text)
    _refuse_strangers(note, by)
    with writing():
        before, note.text = note.text, words
        note.save(update_fields=["text", "updated"])
        audit.note(note, {"text": (before, words)}, by=by)
        _tell(note.conversation_id, note.message.seq if note.message else 0)
    return note


def delete_note(*, note: Note, by: User | None) -> None:
    """Only whoever wrote it may."""
    _refuse_strangers(note, by)
    with writing():
        audit.note(note, {"text": (note.text, "")}, by=by, action=audit.DELETED)
        note.delete()
        _tell(note.conversation_id, note.message.seq if note.message else 0)


def tag_conversation(*, conversation: Conversation, names: Sequence[str], by: User | None) -> list[str]:
    """The conversation's tags from now on, new ones made. Returns their names as they are written."""
    wanted = _tag_names(names)
    with writing():
        Conversation.objects.select_for_update().filter(pk=conversation.pk).values_list("pk", flat=True).get()
        before = sorted(conversation.tags.values_list("name", flat=True))
        tags = [_tag(name) for name in wanted]
        after = sorted(tag.name for tag in tags)
        if after != before:
            conversation.tags.set(tags)
            audit.note(conversation, {"tags": (before, after)}, by=by)
            _tell(conversation.pk)
    return after


def _tag(name: str) -> Tag:
    """The tag of that name in whatever case."""
    return Tag.objects.filter(name__iexact=name).first() or Tag.objects.create(name=name)


def _tag_names(names: Sequence[str]) -> list[str]:
    """Without doubles (in whatever case), surrounding blanks and runs of them."""
    clean = {name.casefold(): name for name in (" ".join(str(name).split()) for name in names) if name}
    if len(clean) > MAX_TAGS:
        raise FrontdeskError(f"A conversation has at most {MAX_TAGS} tags.", code="bad_tag")
    if any(len(name) > MAX_TAG or "\0" in name or "," in name for name in clean.values()):
        raise FrontdeskError(f"A tag has at most {MAX_TAG} characters and no comma.", code="bad_tag")
    return list(clean.values())


def _note_text(text: str) -> str:
    words = text.strip()
    if not words or len(words) > MAX_NOTE or "\0" in words:
        raise FrontdeskError(f"A note has 1 to {MAX_NOTE:,} characters.", code="bad_note")
    return words


def _refuse_strangers(note: Note, by: User | None) -> None:
    if by is not None and note.by_id != by.pk:
        raise FrontdeskError("Only whoever wrote a note can change it.", code="not_yours")


def _tell(conversation_id: int, seq: int = 0) -> None:
    transaction.on_commit(
        lambda: review_changed.send_robust(Conversation, conversation_id=conversation_id, seq=seq), robust=True
    )
