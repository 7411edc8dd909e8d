"""Staff undo what they did to a conversation, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from assistant.change_sets import CannotUndo, change_set
from assistant.lib.errors import ChangedMeanwhile
from assistant.models import Change, ChangeSet
from conversations import services
from conversations.models import Annotation, Conversation, Message
from conversations.services import undo_in_conversation
from tests.admin_ui.conftest import said
from tests.conversations.conftest import annotate, examples
from training.models import Intent
from training.selectors import production
from training.services import add_example, delete_examples, rename_intent

pytestmark = pytest.mark.django_db


def step_of(talk: Conversation, by: User, act: Callable[[], Any]) -> ChangeSet:
    with change_set("", about=talk, by=by) as step:
        act()
    return step.row


def annotated(message: Message) -> tuple[str, str]:
    row = Annotation.objects.get(message=message)
    return row.verdict, row.intent


def test_it_undoes_one_annotation_after_the_other(message: Message, ana: User) -> None:
    talk = message.conversation
    add_example(bot=production().bot, intent="ask_hours", text="open on sunday", by=ana)
    states, steps = [examples()], []
    for number, (intent, move) in enumerate([("ask_prices", False), ("ask_way", True), ("ask_prices", True)]):
        act = lambda intent=intent, move=move, revision=number: annotate(  # noqa: E731
            message, "corrected", ana, intent, revision, move=move
        )
        steps.append(step_of(talk, ana, act))
        states.append(examples())
    assert len({str(state) for state in states}) == 4
    for step in reversed(steps):
        assert examples() == states.pop()
        undo_in_conversation(conversation=talk, step=step, by=ana)
    assert examples() == states.pop()
    with pytest.raises(CannotUndo):
        undo_in_conversation(conversation=talk, step=steps[0], by=ana)
    assert annotated(message) == ("", "")
    assert set(Intent.objects.filter(deleted=None).values_list("name", flat=True)) == {"ask_hours"}


def test_it_leaves_to_another_annotation_the_example_that_it_needs(message: Message, ana: User) -> None:
    talk, twin = message.conversation, said(message.conversation, 2, "Open on Sunday?", turn=2)
    mine = step_of(talk, ana, lambda: annotate(message, "corrected", ana, "ask_way"))
    theirs = step_of(talk, ana, lambda: annotate(twin, "corrected", ana, "ask_way"))
    undo_in_conversation(conversation=talk, step=mine, by=ana)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    undo_in_conversation(conversation=talk, step=theirs, by=ana)
    assert examples() == []


def test_it_gives_back_what_was_handed_over(message: Message, ana: User) -> None:
    talk, twin = message.conversation, said(message.conversation, 2, "Open on Sunday?", turn=2)
    annotate(message, "corrected", ana, "ask_way")
    annotate(twin, "corrected", ana, "ask_way")
    withdrawn = step_of(talk, ana, lambda: annotate(message, "", ana, revision=1))
    undo_in_conversation(conversation=talk, step=withdrawn, by=ana)
    annotate(twin, "", ana, revision=1)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]


def test_it_undoes_no_annotation_that_a_colleague_changed_since(message: Message, ana: User, bea: User) -> None:
    mine = step_of(message.conversation, ana, lambda: annotate(message, "corrected", ana, "ask_way"))
    annotate(message, "corrected", bea, "ask_prices", 1)
    with pytest.raises(ChangedMeanwhile, match="bea changed this meanwhile: corrected to ask_prices"):
        undo_in_conversation(conversation=message.conversation, step=mine, by=ana)
    flag = step_of(
        message.conversation,
        ana,
        lambda: services.flag_message(message=message, flagged=True, revision=2, by=ana),
    )
    annotate(message, "corrected", bea, "ask_hours", 3)
    with pytest.raises(ChangedMeanwhile, match="bea changed this meanwhile: corrected to ask_hours, flagged"):
        undo_in_conversation(conversation=message.conversation, step=flag, by=ana)
    assert examples() == [("ask_hours", "Open on Sunday?", "training")]


def test_it_goes_by_the_name_that_an_intent_has_by_now(message: Message, ana: User) -> None:
    annotate(message, "corrected", ana, "ask_way")
    second = step_of(message.conversation, ana, lambda: annotate(message, "corrected", ana, "ask_hours", 1))
    rename_intent(intent=Intent.objects.get(name="ask_hours"), name="opening", by=ana)
    undo_in_conversation(conversation=message.conversation, step=second, by=ana)
    assert annotated(message) == ("corrected", "ask_way")


def test_it_refers_to_no_example_that_was_erased(message: Message, ana: User) -> None:
    talk, first = message.conversation, annotate(message, "corrected", ana, "ask_way")
    second = step_of(talk, ana, lambda: annotate(message, "", ana, revision=1))
    assert first.example
    first.example.delete()
    undo_in_conversation(conversation=talk, step=second, by=ana)
    assert annotated(message) == ("corrected", "ask_way")
    assert Annotation.objects.get().example is None


def test_it_undoes_notes_and_tags_step_by_step(message: Message, ana: User) -> None:
    talk = message.conversation
    acts: list[Callable[[], Any]] = [
        lambda: services.add_note(conversation=talk, text="ask sales", message=message, by=ana),
        lambda: services.change_note(note=talk.notes.get(), text="asked sales", by=ana),
        lambda: services.delete_note(note=talk.notes.get(), by=ana),
        lambda: services.tag_conversation(conversation=talk, add=["prices", "new"], by=ana),
        lambda: services.tag_conversation(conversation=talk, remove=["prices"], by=ana),
    ]

    def now() -> tuple[list[str], list[str]]:
        return [note.text for note in talk.notes.all()], [tag.name for tag in talk.tags.all()]

    steps, states = [], [now()]
    for act in acts:
        steps.append(step_of(talk, ana, act))
        states.append(now())
    for step in reversed(steps):
        assert now() == states.pop()
        undo_in_conversation(conversation=talk, step=step, by=ana)
    assert now() == ([], [])


def test_it_undoes_a_review_whatever_else_was_done_since(message: Message, ana: User, bea: User) -> None:
    talk = message.conversation
    Conversation.objects.update(state="waiting")
    review = step_of(talk, ana, lambda: services.mark_reviewed(conversation=talk, by=ana))
    talk.refresh_from_db()
    services.close_handoff(conversation=talk, by=bea)
    undo_in_conversation(conversation=talk, step=review, by=ana)
    talk.refresh_from_db()
    assert (talk.reviewed_turn, talk.reviewed_by, talk.state) == (0, None, "bot")


def test_it_forgets_its_changes_with_the_conversation(message: Message, ana: User) -> None:
    annotate(message, "corrected", ana, "ask_way")
    services.delete_conversations(ids=[message.conversation_id], by=ana)
    assert not Change.objects.exists()
    delete_examples(ids=[row.pk for row in production().bot.examples.all()], by=ana)
    assert examples() == []
