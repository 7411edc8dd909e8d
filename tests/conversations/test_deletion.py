"""Conversations that are gone for good, and what is left of them."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.db.models import Model

from conversations.models import Annotation, Conversation, Event, Message, Note
from conversations.services import add_note, annotate_message, answer, delete_conversations, deletion, receive
from conversations.services.deletion import Deleted
from training.models import Example, ModelVersion

pytestmark = pytest.mark.django_db
NAME = {"start": 5, "end": 10, "entity": "name", "value": "Maria"}


def talk(sender: str, by: User) -> Conversation:
    """Answered, annotated and with a note, all of which say `Maria`."""
    answer(receive(channel="widget", external_id=sender, text="I am Maria").conversation_id)
    row = Conversation.objects.get(external_id=sender)
    message = row.messages.get(seq=1)
    annotate_message(message=message, verdict="corrected", intent="greet", entities=[NAME], revision=0, by=by)
    add_note(conversation=row, text=f"Maria is {sender}", by=by)
    return row


def logged(about: type[Model], ids: list[int]) -> str:
    entries = LogEntry.objects.filter(content_type__model=about._meta.model_name, object_id__in=ids)
    return str([entry.changes for entry in entries])


def test_it_deletes_them_whole_however_many_and_leaves_the_others(
    live_model: ModelVersion, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "AT_ONCE", 2)
    rows = [talk(f"visitor {number}", ana) for number in range(6)]
    stays = rows.pop(2)
    events = Event.objects.exclude(conversation=stays).count()
    gone = delete_conversations(ids=[row.pk for row in rows] + [10**6], by=ana)
    assert gone == Deleted(5, 10, events)
    assert list(Conversation.objects.all()) == [stays]
    assert [model.objects.count() for model in (Message, Note, Annotation)] == [2, 1, 1]
    assert set(Event.objects.values_list("conversation", flat=True)) == {stays.pk}


def test_it_leaves_counts_in_the_log_and_no_words(live_model: ModelVersion, ana: User) -> None:
    row, stays = talk("joe", ana), talk("sam", ana)
    marks = {talk.pk: list(talk.annotations.values_list("pk", flat=True)) for talk in (row, stays)}
    example = Example.objects.get(text="I am Maria")
    Example.objects.update(source=f"{row.public_id}#1")
    delete_conversations(ids=[row.pk], by=ana)
    said = logged(Conversation, [row.pk]), logged(Annotation, marks[row.pk])
    assert [("Maria" in words, "joe" in words) for words in said] == [(False, False)] * 2
    assert "'messages': [2, 0]" in said[0]
    assert "corrected" in said[1]
    assert "Maria" in logged(Conversation, [stays.pk])
    assert "Maria" in logged(Annotation, marks[stays.pk])
    example.refresh_from_db()
    assert (example.source, example.deleted) == ("", None)
