"""What staff make of a conversation: verdicts, flags, tags, notes, what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from assistant.change_sets import change_set
from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from assistant.models import ChangeSet
from conversations import services
from conversations.models import Annotation, Conversation, Message
from conversations.selectors import neighbour_in_list, next_to_review
from conversations.selectors.review import stamp_of
from conversations.signals import review_changed
from tests.admin_ui.conftest import Write
from tests.conversations.conftest import annotate, examples
from training.models import Example

pytestmark = pytest.mark.django_db


def test_it_overwrites_nothing_unseen(message: Message, ana: User, bea: User) -> None:
    annotate(message, "corrected", bea, "ask_way")
    with pytest.raises(ChangedMeanwhile) as refused:
        annotate(message, "corrected", ana, "ask_prices")

    assert refused.value.message == "bea changed this meanwhile: corrected to ask_way."
    assert (refused.value.status, refused.value.code) == (409, "changed_meanwhile")
    assert (refused.value.extra["by"], refused.value.extra["revision"]) == ("bea", 1)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]


def test_it_agrees_with_whoever_said_the_same_first(message: Message, ana: User, bea: User) -> None:
    annotate(message, "corrected", bea, "ask_way")
    annotation = annotate(message, "corrected", ana, "ask_way")
    assert (annotation.by, annotation.revision) == (bea, 1)


@pytest.mark.parametrize(
    ("fields", "verdict", "intent"),
    [
        ({}, "great", ""),
        ({}, "corrected", ""),
        ({}, "corrected", "no/such/name"),
        ({"intent": "nlu_fallback"}, "correct", ""),
        ({"role": "bot"}, "corrected", "ask_way"),
        ({"payload": "/ask_hours"}, "corrected", "ask_way"),
        ({"text": "/ask_hours"}, "corrected", "ask_way"),
    ],
)
def test_it_refuses_what_teaches_nothing(message: Message, ana: User, fields: Any, verdict: str, intent: str) -> None:
    Message.objects.filter(pk=message.pk).update(**fields)
    message.refresh_from_db()
    with pytest.raises(FrontdeskError):
        annotate(message, verdict, ana, intent)
    assert not Annotation.objects.exists()
    assert not Example.objects.exists()


@pytest.mark.parametrize("entity", [{"entity": "x", "value": float("inf")}, {"entity": "x", "\0": 1}, {"value": "x"}])
def test_it_refuses_entities_that_no_database_keeps(message: Message, ana: User, entity: dict[str, Any]) -> None:
    with pytest.raises(FrontdeskError) as refused:
        annotate(message, "corrected", ana, "ask_way", entities=[entity])
    assert refused.value.code == "bad_entities"


def test_it_counts_flags(message: Message, ana: User) -> None:
    annotation = services.flag_message(message=message, flagged=True, revision=0, by=ana)
    message.conversation.refresh_from_db()
    assert message.conversation.flag_count == 1
    services.flag_message(message=message, flagged=False, revision=annotation.revision, by=ana)
    message.conversation.refresh_from_db()
    assert message.conversation.flag_count == 0


def test_it_names_tags_as_they_are_named(message: Message, ana: User) -> None:
    def tag(**names: list[str]) -> list[str]:
        services.tag_conversation(conversation=message.conversation, by=ana, **names)
        return [tag.name for tag in message.conversation.tags.all()]

    assert tag(add=["Price list"]) == ["Price list"]
    assert tag(add=["price  LIST", "new", "New "]) == ["New", "Price list"]
    assert tag(remove=["NEW"]) == ["Price list"]


@pytest.mark.parametrize("names", [["x" * 61], ["a,b"], [f"tag {n}" for n in range(21)]])
def test_it_refuses_what_is_no_tag(message: Message, ana: User, names: list[str]) -> None:
    with pytest.raises(FrontdeskError):
        services.tag_conversation(conversation=message.conversation, add=names, by=ana)


def test_it_leaves_notes_to_those_who_wrote_them(message: Message, ana: User, bea: User) -> None:
    note = services.add_note(conversation=message.conversation, text=" ask sales ", message=message, by=ana)
    services.change_note(note=note, text="asked sales", by=ana)
    with pytest.raises(FrontdeskError) as refused:
        services.delete_note(note=note, by=bea)
    assert refused.value.status == 403
    assert [note.text for note in message.notes.all()] == ["asked sales"]
    services.delete_note(note=note, by=ana)
    assert not message.notes.exists()


def test_it_is_reviewed_as_far_as_it_was_seen(message: Message, ana: User) -> None:
    conversation = message.conversation
    services.save_for_later(conversation=conversation, saved=True, by=ana)
    Conversation.objects.filter(pk=conversation.pk).update(last_turn=3)
    services.mark_reviewed(conversation=conversation, seen_turn=1, by=ana)
    conversation.refresh_from_db()
    assert (conversation.reviewed_turn, conversation.reviewed_by, conversation.saved_for_later) == (1, ana, False)
    assert Conversation.objects.unreviewed().get() == conversation


def test_it_is_reviewed_no_less_than_before(message: Message, ana: User, bea: User) -> None:
    Conversation.objects.update(last_turn=3)
    services.mark_reviewed(conversation=message.conversation, by=bea)
    services.mark_reviewed(conversation=message.conversation, seen_turn=1, by=ana)
    assert Conversation.objects.get().reviewed_turn == 3


def test_it_takes_a_review_back_to_what_was_before(message: Message, ana: User, bea: User) -> None:
    def now() -> tuple[Any, ...]:
        row = Conversation.objects.get()
        return row.reviewed_turn, row.reviewed_at, row.reviewed_by, row.saved_for_later

    talk = message.conversation
    Conversation.objects.update(last_turn=3)
    services.mark_reviewed(conversation=talk, seen_turn=1, by=bea)
    services.save_for_later(conversation=talk, saved=True, by=bea)
    before = now()
    services.undo_in_conversation(conversation=talk, step=reviewed(talk, ana), by=ana)
    assert now() == before
    mine = reviewed(talk, ana)
    services.mark_reviewed(conversation=talk, by=bea)
    with pytest.raises(ChangedMeanwhile, match="Somebody reviewed this meanwhile"):
        services.undo_in_conversation(conversation=talk, step=mine, by=ana)
    assert now()[2] == bea


def reviewed(talk: Conversation, by: User) -> ChangeSet:
    with change_set("Reviewed.", about=talk, by=by) as step:
        services.mark_reviewed(conversation=talk, by=by)
    return step.row


def test_it_stamps_what_was_made_of_a_conversation(message: Message, ana: User) -> None:
    talk = message.conversation
    acts: list[Callable[[], Any]] = [
        lambda: annotate(message, "correct", ana),
        lambda: services.add_note(conversation=talk, text="so", by=ana),
        lambda: services.change_note(note=talk.notes.get(), text="or so", by=ana),
        lambda: services.tag_conversation(conversation=talk, add=["new"], by=ana),
        lambda: services.mark_reviewed(conversation=talk, by=ana),
        lambda: services.save_for_later(conversation=talk, saved=True, by=ana),
    ]
    stamps = [stamp_of(talk.pk), stamp_of(talk.pk)]
    for act in acts:
        act()
        stamps.append(stamp_of(talk.pk))
    assert len(set(stamps)) == len(acts) + 1


def test_it_leads_down_the_list_and_round(wrote: Write, ana: User) -> None:
    now = timezone.now()
    rows = [wrote("hi", active=now - timedelta(hours=hours)) for hours in range(4)]
    services.save_for_later(conversation=rows[1], saved=True, by=ana)
    services.mark_reviewed(conversation=rows[2], by=ana)

    assert next_to_review(rows[0]) == rows[3]
    assert next_to_review(rows[3]) == rows[0]
    assert next_to_review(rows[3], among=Conversation.objects.filter(pk=rows[2].pk)) is None
    assert neighbour_in_list(rows[1], Conversation.objects.all(), older=True) == rows[2]
    assert neighbour_in_list(rows[0], Conversation.objects.all(), older=False) is None


def test_it_writes_down_who_did_what(message: Message, ana: User) -> None:
    annotation = annotate(message, "corrected", ana, "ask_prices")
    entry = LogEntry.objects.get_for_object(annotation).get()
    assert (entry.actor, entry.changes["intent"]) == (ana, ["", "ask_prices"])


@pytest.mark.django_db(transaction=True)
def test_it_tells_the_desk_after_the_commit(message: Message, ana: User) -> None:
    told: list[tuple[int, int]] = []

    def hear(conversation_id: int, seq: int, **_: Any) -> None:
        told.append((conversation_id, seq))

    review_changed.connect(hear)
    annotate(message, "correct", ana)
    services.add_note(conversation=message.conversation, text="so", by=ana)
    review_changed.disconnect(hear)
    assert told == [(message.conversation_id, 1), (message.conversation_id, 0)]
