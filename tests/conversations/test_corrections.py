"""What a verdict teaches the bot, and how it is taken back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from assistant.lib.errors import FrontdeskError
from conversations.models import Message
from tests.admin_ui.conftest import said
from tests.conversations.conftest import SUNDAY, annotate, examples, trained
from training.models import Example, Intent
from training.selectors import production
from training.services import (
    add_example,
    change_example,
    create_intent,
    delete_intent,
    merge_intents,
    rename_intent,
    set_answer,
    undo_change,
)

pytestmark = pytest.mark.django_db


def test_it_teaches_what_was_corrected(message: Message, ana: User) -> None:
    annotation = annotate(message, "corrected", ana, "ask_prices")
    example = Example.objects.get()

    assert (annotation.verdict, annotation.intent, annotation.revision) == ("corrected", "ask_prices", 1)
    assert examples() == [("ask_prices", "Open on Sunday?", "training")]
    assert example.entities == [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]
    assert (example.origin, example.source) == ("review", f"{message.conversation.public_id}#1")


def test_it_holds_out_what_was_right(message: Message, ana: User) -> None:
    annotate(message, "correct", ana)
    assert examples() == [("ask_hours", "Open on Sunday?", "held_out")]


def test_it_takes_back_what_it_taught(message: Message, ana: User) -> None:
    first = annotate(message, "corrected", ana, "ask_prices")
    second = annotate(message, "corrected", ana, "ask_way", first.revision)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    annotate(message, "", ana, revision=second.revision)
    assert examples() == []


def test_it_takes_back_the_intent_that_it_made(message: Message, ana: User) -> None:
    first = annotate(message, "corrected", ana, "ask_parking")
    second = annotate(message, "", ana, revision=first.revision)
    assert not Intent.objects.filter(deleted=None).exists()
    annotate(message, "corrected", ana, "ask_parking", second.revision)
    assert examples() == [("ask_parking", "Open on Sunday?", "training")]


def test_it_leaves_an_intent_that_others_made_or_need(message: Message, ana: User) -> None:
    create_intent(bot=production().bot, name="ask_way", by=ana)
    first = annotate(message, "corrected", ana, "ask_way")
    second = annotate(message, "corrected", ana, "ask_parking", first.revision)
    set_answer(intent=Intent.objects.get(name="ask_parking"), texts=["Behind the house."], by=ana)
    annotate(message, "", ana, revision=second.revision)
    assert set(Intent.objects.filter(deleted=None).values_list("name", flat=True)) == {"ask_way", "ask_parking"}


def test_it_teaches_again_what_another_verdict_had_moved_away(message: Message, ana: User) -> None:
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    annotate(message, "corrected", ana, "ask_way")
    annotate(twin, "corrected", ana, "ask_prices", move=True)
    annotate(message, "corrected", ana, "ask_way", 1)
    assert trained() == {"ask_way"}


def test_it_leaves_examples_that_others_made_or_need(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="Open on Sunday?", by=ana)
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    first = annotate(message, "corrected", ana, "ask_way")
    annotate(twin, "corrected", ana, "ask_way")
    annotate(message, "corrected", ana, "ask_hours", first.revision)
    annotate(message, "", ana, revision=first.revision + 1)

    assert examples() == [("ask_hours", "Open on Sunday?", "training"), ("ask_way", "Open on Sunday?", "training")]


def test_it_moves_the_text_away_from_other_intents_and_back(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="open on sunday", by=ana)
    annotation = annotate(message, "corrected", ana, "ask_prices", move=True)
    assert examples() == [("ask_prices", "Open on Sunday?", "training")]
    annotate(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_hours", "open on sunday", "training")]


def test_it_trains_on_what_was_held_out_once_it_is_corrected_to_it(message: Message, ana: User) -> None:
    annotation = annotate(message, "correct", ana)
    annotate(message, "corrected", ana, "ask_hours", annotation.revision, entities=[])
    assert examples() == [("ask_hours", "Open on Sunday?", "training")]
    assert Example.objects.get(deleted=None).entities == []


def test_it_trains_on_what_was_said_last(message: Message, ana: User, bea: User) -> None:
    twins = [said(message.conversation, seq, "open on sunday", turn=seq) for seq in (2, 3)]
    add_example(bot=production().bot, intent="ask_way", text="open on sunday")
    first = annotate(message, "corrected", ana, "ask_way")
    annotate(twins[0], "corrected", ana, "ask_prices")
    assert trained() == {"ask_prices"}
    annotate(twins[1], "corrected", bea, "ask_way")
    assert trained() == {"ask_way"}
    again = annotate(message, "corrected", ana, "ask_prices", first.revision)
    assert trained() == {"ask_prices"}
    annotate(message, "", ana, revision=again.revision)
    assert trained() == {"ask_way"}


def test_it_gives_back_what_a_correction_changed(message: Message, ana: User) -> None:
    bot, marks = production().bot, [{"start": 0, "end": 4, "entity": "state", "value": "open"}]
    add_example(bot=bot, intent="ask_way", text="Open on Sunday?", use="held_out", entities=marks, by=ana)
    annotation = annotate(message, "corrected", ana, "ask_way")
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    annotate(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_way", "Open on Sunday?", "held_out")]
    assert (Example.objects.get().entities, Example.objects.get().annotated) == (marks, None)


def test_it_gives_it_back_when_the_last_verdict_goes(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_way", text="Open on Sunday?", use="held_out", by=ana)
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    annotate(message, "corrected", ana, "ask_way")
    annotate(twin, "corrected", ana, "ask_way", entities=[])
    annotate(message, "", ana, revision=1)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    annotate(twin, "", ana, revision=1)
    assert examples() == [("ask_way", "Open on Sunday?", "held_out")]


@pytest.mark.parametrize("edit", [{"text": "Open on Sundays?"}, {"intent": "ask_hours"}, {"use": "held_out"}])
def test_it_takes_back_nothing_that_a_colleague_changed_since(
    message: Message, ana: User, bea: User, edit: dict[str, str]
) -> None:
    annotation = annotate(message, "corrected", ana, "ask_way")
    assert annotation.example
    row = change_example(example=annotation.example, by=bea, revision=1, **edit)  # type: ignore[arg-type]
    kept = [(row.intent.name, row.text, row.use)]
    annotate(message, "", ana, revision=annotation.revision)
    assert examples() == kept


def test_it_goes_by_the_name_that_an_intent_has_now(message: Message, ana: User) -> None:
    first = annotate(message, "correct", ana)
    hours = Intent.objects.get(name="ask_hours")
    rename_intent(intent=hours, name="opening", by=ana)
    first.refresh_from_db()
    assert first.intent == "opening"
    annotate(message, "corrected", ana, "ask_hours", first.revision, entities=[])
    assert examples() == [("opening", "Open on Sunday?", "training")]
    merge_intents(source=hours, target=create_intent(bot=hours.bot, name="ask_way", by=ana), by=ana)
    twin = said(message.conversation, 2, "open sunday", turn=2, intent="ask_hours")
    assert annotate(twin, "correct", ana).intent == "ask_way"


def test_it_has_its_intent_again_when_a_merge_is_undone(message: Message, ana: User) -> None:
    first, twin = annotate(message, "correct", ana), said(message.conversation, 2, "how do I get there", turn=2)
    other = annotate(twin, "corrected", ana, "ask_way")
    rows = {name: Intent.objects.get(name=name) for name in ("ask_hours", "ask_way")}
    merge = merge_intents(source=rows["ask_hours"], target=rows["ask_way"], by=ana)
    undo_change(step=merge, by=ana)
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.intent, other.intent) == ("ask_hours", "ask_way")


@pytest.mark.parametrize("verdict", ["correct", "corrected"])
def test_it_brings_back_no_intent_that_was_deleted(message: Message, ana: User, verdict: str) -> None:
    delete_intent(intent=create_intent(bot=production().bot, name="ask_hours", by=ana), by=ana)
    with pytest.raises(FrontdeskError, match="ask_hours was deleted"):
        annotate(message, verdict, ana, "ask_hours")
    assert examples() == []


def test_it_moves_back_to_the_intent_that_took_the_examples_over(message: Message, ana: User) -> None:
    bot = production().bot
    moved = add_example(bot=bot, intent="ask_hours", text="open on sunday", by=ana)
    annotation = annotate(message, "corrected", ana, "ask_prices", move=True)
    merge_intents(source=moved.intent, target=create_intent(bot=bot, name="ask_way", by=ana), by=ana)
    annotate(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_way", "open on sunday", "training")]


def test_it_keeps_one_of_two_entities_in_one_place(message: Message, ana: User) -> None:
    found = [
        *SUNDAY,
        {**SUNDAY[0], "extractor": "RegexEntityExtractor"},
        {**SUNDAY[0], "start": 5, "value": "on Sunday"},
    ]
    Message.objects.filter(pk=message.pk).update(entities=found)
    message.refresh_from_db()
    annotate(message, "corrected", ana, "ask_way")
    assert Example.objects.get().entities == [{"start": 5, "end": 14, "entity": "day", "value": "on Sunday"}]


def test_it_marks_the_same_words_in_a_text_without_its_blanks(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_way", text="Open on Sunday?", use="held_out", by=ana)
    moved = [{**SUNDAY[0], "start": 10, "end": 16}]
    Message.objects.filter(pk=message.pk).update(text="  Open on Sunday?", entities=moved)
    message.refresh_from_db()
    annotate(message, "corrected", ana, "ask_way")
    assert Example.objects.get().entities == [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]


def test_it_keeps_marked_entities_when_the_intent_changes_after_them(message: Message, ana: User) -> None:
    marks = [{"start": 0, "end": 4, "entity": "state", "value": "open"}]
    first = annotate(message, "corrected", ana, "ask_hours", entities=marks)
    second = annotate(message, "corrected", ana, "ask_way", first.revision)
    assert second.entities == marks
