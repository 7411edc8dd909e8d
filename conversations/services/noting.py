"""Staff's own words beside a conversation: notes and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from assistant.lib import audit
from assistant.lib.database import write_transaction
from assistant.lib.errors import FrontdeskError
from conversations.errors import Gone, NotYours
from conversations.models import Conversation, Message, Note, Tag
from conversations.services.desk import hold, tell

MAX_NOTE = 4000
MAX_TAGS = 20
MAX_TAG = 60


@dataclass(frozen=True)
class Tagged:
    """What is different now, by names as they are written."""

    added: list[str]
    removed: list[str]


def add_note(*, conversation: Conversation, text: str, by: User | None, message: Message | None = None) -> Note:
    words = _note_text(text)
    if message is not None and message.conversation_id != conversation.pk:
        raise FrontdeskError("This message is part of another conversation.", code="bad_note")
    with write_transaction():
        talk = hold(conversation.pk)
        note = Note.objects.create(conversation=conversation, message=message, text=words, by=by)
        audit.record(talk, {"note": ("", words)}, by=by)
        _tell_beside(note)
    return note


def change_note(*, note: Note, text: str, by: User | None) -> Note:
    """Only whoever wrote it may. Raises Gone where it is not there any more."""
    words = _note_text(text)
    with write_transaction():
        row = _own(note, by)
        before, row.text = row.text, words
        row.save(update_fields=["text", "updated"])
        audit.record(row.conversation, {"note": (before, words)}, by=by)
        _tell_beside(row)
    return row


def delete_note(*, note: Note, by: User | None) -> None:
    """Only whoever wrote it may. Raises Gone where it is not there any more."""
    with write_transaction():
        row = _own(note, by)
        audit.record(row.conversation, {"note": (row.text, "")}, by=by)
        row.delete()
        _tell_beside(row)


def tag_conversation(
    *, conversation: Conversation, add: Sequence[str] = (), remove: Sequence[str] = (), by: User | None
) -> Tagged:
    """Other tags stay as they are. New names are made; names are the same in whatever case."""
    wanted, unwanted = _tag_names(add), {name.casefold() for name in remove}
    with write_transaction():
        hold(conversation.pk)
        here = list(Tag.objects.filter(conversations=conversation))
        names = {tag.name.casefold() for tag in here}
        gone = [tag for tag in here if tag.name.casefold() in unwanted]
        new = [_tag(name) for name in wanted if name.casefold() not in names | unwanted]
        _refuse_too_many(len(here) - len(gone) + len(new))
        if gone or new:
            conversation.tags.remove(*gone)
            conversation.tags.add(*new)
            after = sorted(tag.name for tag in [*here, *new] if tag not in gone)
            audit.record(conversation, {"tags": (sorted(tag.name for tag in here), after)}, by=by)
            tell(conversation.pk)
    return Tagged([tag.name for tag in new], [tag.name for tag in gone])


def _tag(name: str) -> Tag:
    """The tag of that name in whatever case. Somebody may make it at the same moment."""
    return Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name)[0]


def _refuse_too_many(tags: int) -> None:
    if tags > MAX_TAGS:
        raise FrontdeskError(f"A conversation has at most {MAX_TAGS} tags.", code="bad_tag")


def _tag_names(names: Sequence[str]) -> list[str]:
    """Without doubles (in whatever case), surrounding blanks and runs of them."""
    clean = {name.casefold(): name for name in (" ".join(str(name).split()) for name in names) if name}
    _refuse_too_many(len(clean))
    if any(len(name) > MAX_TAG or "\0" in name or "," in name for name in clean.values()):
        raise FrontdeskError(f"A tag has at most {MAX_TAG} characters and no comma.", code="bad_tag")
    return list(clean.values())


def _note_text(text: str) -> str:
    words = text.strip()
    if not words or len(words) > MAX_NOTE or "\0" in words:
        raise FrontdeskError(f"A note has 1 to {MAX_NOTE:,} characters.", code="bad_note")
    return words


def _own(note: Note, by: User | None) -> Note:
    """As it is now, its conversation held. Raises NotYours."""
    talk = hold(note.conversation_id)
    row = Note.objects.select_related("message").filter(pk=note.pk).first()
    if row is None:
        raise Gone("This note is not there any more.")
    if by is not None and row.by_id != by.pk:
        raise NotYours("Only whoever wrote a note can change it.")
    row.conversation = talk
    return row


def _tell_beside(note: Note) -> None:
    tell(note.conversation_id, note.message.seq if note.message else 0)
