"""What staff make of a conversation: verdicts and what they teach, flags, tags, notes, what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone

from assistant.lib.errors import ChangedMeanwhile, FrontdeskError
from conversations import services
from conversations.models import Annotation, Conversation, Message
from conversations.selectors.review import neighbour, next_to_review, stamp_of
from conversations.signals import review_changed
from tests.admin_ui.conftest import Write, said, wrote  # noqa: F401  (a fixture)
from training.models import Example, Intent
from training.selectors import production
from training.selectors.data import taught_of
from training.services import (
    add_example,
    change_example,
    create_intent,
    delete_intent,
    merge_intents,
    rename_intent,
    set_answer,
    unmerge_intents,
)

pytestmark = pytest.mark.django_db
RANKING = [{"name": "ask_hours", "confidence": 0.41}, {"name": "ask_prices", "confidence": 0.33}]
SUNDAY = [{"start": 8, "end": 14, "entity": "day", "value": "Sunday", "extractor": "DIETClassifier"}]


@pytest.fixture
def message(wrote: Write) -> Message:  # noqa: F811
    """`Open on Sunday?`, taken for ask_hours with little confidence."""
    conversation = wrote(last_turn=1, answered_turn=1, last_seq=1)
    return said(
        conversation,
        1,
        "Open on Sunday?",
        turn=1,
        intent="ask_hours",
        confidence=0.41,
        ranking=RANKING,
        entities=SUNDAY,
    )


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create_user("ben", is_staff=True)


def judge(message: Message, verdict: str, by: User, intent: str = "", revision: int = 0, **more: Any) -> Annotation:
    return services.judge_message(message=message, verdict=verdict, intent=intent, revision=revision, by=by, **more)


def examples() -> list[tuple[str, str, str]]:
    """Intent, text and use of those that are alive."""
    rows = Example.objects.filter(deleted=None).order_by("id")
    return list(rows.values_list("intent__name", "text", "use"))


def trained() -> set[str]:
    """The intents that the next version is taught for it."""
    return {row.intent for row in taught_of(production().bot).examples if "unday" in row.text}


def test_it_teaches_what_was_corrected(message: Message, ana: User) -> None:
    annotation = judge(message, "corrected", ana, "ask_prices")
    example = Example.objects.get()

    assert (annotation.verdict, annotation.intent, annotation.revision) == ("corrected", "ask_prices", 1)
    assert examples() == [("ask_prices", "Open on Sunday?", "training")]
    assert example.entities == [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]
    assert (example.origin, example.source) == ("review", f"{message.conversation.public_id}#1")


def test_it_holds_out_what_was_right(message: Message, ana: User) -> None:
    judge(message, "correct", ana)
    assert examples() == [("ask_hours", "Open on Sunday?", "held_out")]


def test_it_takes_back_what_it_taught(message: Message, ana: User) -> None:
    first = judge(message, "corrected", ana, "ask_prices")
    second = judge(message, "corrected", ana, "ask_way", first.revision)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    judge(message, "", ana, revision=second.revision)
    assert examples() == []


def test_it_takes_back_the_intent_that_it_made(message: Message, ana: User) -> None:
    first = judge(message, "corrected", ana, "ask_parking")
    second = judge(message, "", ana, revision=first.revision)
    assert not Intent.objects.filter(deleted=None).exists()
    judge(message, "corrected", ana, "ask_parking", second.revision)
    assert examples() == [("ask_parking", "Open on Sunday?", "training")]


def test_it_leaves_an_intent_that_others_made_or_need(message: Message, ana: User) -> None:
    create_intent(bot=production().bot, name="ask_way", by=ana)
    first = judge(message, "corrected", ana, "ask_way")
    second = judge(message, "corrected", ana, "ask_parking", first.revision)
    set_answer(intent=Intent.objects.get(name="ask_parking"), texts=["Behind the house."], by=ana)
    judge(message, "", ana, revision=second.revision)
    assert set(Intent.objects.filter(deleted=None).values_list("name", flat=True)) == {"ask_way", "ask_parking"}


def test_it_teaches_again_what_another_verdict_had_moved_away(message: Message, ana: User) -> None:
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    judge(message, "corrected", ana, "ask_way")
    judge(twin, "corrected", ana, "ask_prices", move=True)
    judge(message, "corrected", ana, "ask_way", 1)
    assert trained() == {"ask_way"}


def test_it_leaves_examples_that_others_made_or_need(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="Open on Sunday?", by=ana)
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    first = judge(message, "corrected", ana, "ask_way")
    judge(twin, "corrected", ana, "ask_way")
    judge(message, "corrected", ana, "ask_hours", first.revision)
    judge(message, "", ana, revision=first.revision + 1)

    assert examples() == [("ask_hours", "Open on Sunday?", "training"), ("ask_way", "Open on Sunday?", "training")]


def test_it_moves_the_text_away_from_other_intents_and_back(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_hours", text="open on sunday", by=ana)
    annotation = judge(message, "corrected", ana, "ask_prices", move=True)
    assert examples() == [("ask_prices", "Open on Sunday?", "training")]
    judge(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_hours", "open on sunday", "training")]


def test_it_trains_on_what_was_held_out_once_it_is_corrected_to_it(message: Message, ana: User) -> None:
    annotation = judge(message, "correct", ana)
    judge(message, "corrected", ana, "ask_hours", annotation.revision, entities=[])
    assert examples() == [("ask_hours", "Open on Sunday?", "training")]
    assert Example.objects.get(deleted=None).entities == []


def test_it_trains_on_what_was_said_last(message: Message, ana: User, ben: User) -> None:
    twins = [said(message.conversation, seq, "open on sunday", turn=seq) for seq in (2, 3)]
    add_example(bot=production().bot, intent="ask_way", text="open on sunday")
    first = judge(message, "corrected", ana, "ask_way")
    judge(twins[0], "corrected", ana, "ask_prices")
    assert trained() == {"ask_prices"}
    judge(twins[1], "corrected", ben, "ask_way")
    assert trained() == {"ask_way"}
    again = judge(message, "corrected", ana, "ask_prices", first.revision)
    assert trained() == {"ask_prices"}
    judge(message, "", ana, revision=again.revision)
    assert trained() == {"ask_way"}


def test_it_gives_back_what_a_correction_changed(message: Message, ana: User) -> None:
    bot, marks = production().bot, [{"start": 0, "end": 4, "entity": "state", "value": "open"}]
    add_example(bot=bot, intent="ask_way", text="Open on Sunday?", use="held_out", entities=marks, by=ana)
    annotation = judge(message, "corrected", ana, "ask_way")
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    judge(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_way", "Open on Sunday?", "held_out")]
    assert (Example.objects.get().entities, Example.objects.get().judged) == (marks, None)


def test_it_gives_it_back_when_the_last_verdict_goes(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_way", text="Open on Sunday?", use="held_out", by=ana)
    twin = said(message.conversation, 2, "Open on Sunday?", turn=2)
    judge(message, "corrected", ana, "ask_way")
    judge(twin, "corrected", ana, "ask_way", entities=[])
    judge(message, "", ana, revision=1)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]
    judge(twin, "", ana, revision=1)
    assert examples() == [("ask_way", "Open on Sunday?", "held_out")]


@pytest.mark.parametrize("edit", [{"text": "Open on Sundays?"}, {"intent": "ask_hours"}, {"use": "held_out"}])
def test_it_takes_back_nothing_that_a_colleague_changed_since(
    message: Message, ana: User, ben: User, edit: dict[str, str]
) -> None:
    annotation = judge(message, "corrected", ana, "ask_way")
    assert annotation.example
    row = change_example(example=annotation.example, by=ben, revision=1, **edit)  # type: ignore[arg-type]
    kept = [(row.intent.name, row.text, row.use)]
    judge(message, "", ana, revision=annotation.revision)
    assert examples() == kept


def test_it_goes_by_the_name_that_an_intent_has_now(message: Message, ana: User) -> None:
    first = judge(message, "correct", ana)
    hours = Intent.objects.get(name="ask_hours")
    rename_intent(intent=hours, name="opening", by=ana)
    first.refresh_from_db()
    assert first.intent == "opening"
    judge(message, "corrected", ana, "ask_hours", first.revision, entities=[])
    assert examples() == [("opening", "Open on Sunday?", "training")]
    merge_intents(source=hours, target=create_intent(bot=hours.bot, name="ask_way", by=ana), by=ana)
    twin = said(message.conversation, 2, "open sunday", turn=2, intent="ask_hours")
    assert judge(twin, "correct", ana).intent == "ask_way"


def test_it_has_its_intent_again_when_a_merge_is_undone(message: Message, ana: User) -> None:
    first, twin = judge(message, "correct", ana), said(message.conversation, 2, "how do I get there", turn=2)
    other = judge(twin, "corrected", ana, "ask_way")
    rows = {name: Intent.objects.get(name=name) for name in ("ask_hours", "ask_way")}
    merge = merge_intents(source=rows["ask_hours"], target=rows["ask_way"], by=ana)
    unmerge_intents(merge=merge, by=ana)
    first.refresh_from_db()
    other.refresh_from_db()
    assert (first.intent, other.intent) == ("ask_hours", "ask_way")


@pytest.mark.parametrize("verdict", ["correct", "corrected"])
def test_it_brings_back_no_intent_that_was_deleted(message: Message, ana: User, verdict: str) -> None:
    delete_intent(intent=create_intent(bot=production().bot, name="ask_hours", by=ana), by=ana)
    with pytest.raises(FrontdeskError, match="ask_hours was deleted"):
        judge(message, verdict, ana, "ask_hours")
    assert examples() == []


def test_it_moves_back_to_the_intent_that_took_the_examples_over(message: Message, ana: User) -> None:
    bot = production().bot
    moved = add_example(bot=bot, intent="ask_hours", text="open on sunday", by=ana)
    annotation = judge(message, "corrected", ana, "ask_prices", move=True)
    merge_intents(source=moved.intent, target=create_intent(bot=bot, name="ask_way", by=ana), by=ana)
    judge(message, "", ana, revision=annotation.revision)
    assert examples() == [("ask_way", "open on sunday", "training")]


def test_it_keeps_one_of_two_entities_in_one_place(message: Message, ana: User) -> None:
    found = [
        *SUNDAY,
        {**SUNDAY[0], "extractor": "RegexEntityExtractor"},
        {**SUNDAY[0], "start": 5, "value": "on Sunday"},
    ]
    Message.objects.filter(pk=message.pk).update(entities=found)
    message.refresh_from_db()
    judge(message, "corrected", ana, "ask_way")
    assert Example.objects.get().entities == [{"start": 5, "end": 14, "entity": "day", "value": "on Sunday"}]


def test_it_marks_the_same_words_in_a_text_without_its_blanks(message: Message, ana: User) -> None:
    add_example(bot=production().bot, intent="ask_way", text="Open on Sunday?", use="held_out", by=ana)
    moved = [{**SUNDAY[0], "start": 10, "end": 16}]
    Message.objects.filter(pk=message.pk).update(text="  Open on Sunday?", entities=moved)
    message.refresh_from_db()
    judge(message, "corrected", ana, "ask_way")
    assert Example.objects.get().entities == [{"start": 8, "end": 14, "entity": "day", "value": "Sunday"}]


def test_it_keeps_marked_entities_when_the_intent_changes_after_them(message: Message, ana: User) -> None:
    marks = [{"start": 0, "end": 4, "entity": "state", "value": "open"}]
    first = judge(message, "corrected", ana, "ask_hours", entities=marks)
    second = judge(message, "corrected", ana, "ask_way", first.revision)
    assert second.entities == marks


def test_it_overwrites_nothing_unseen(message: Message, ana: User, ben: User) -> None:
    judge(message, "corrected", ben, "ask_way")
    with pytest.raises(ChangedMeanwhile) as refused:
        judge(message, "corrected", ana, "ask_prices")

    assert refused.value.message == "ben changed this meanwhile: corrected to ask_way."
    assert (refused.value.status, refused.value.code) == (409, "changed_meanwhile")
    assert (refused.value.extra["by"], refused.value.extra["revision"]) == ("ben", 1)
    assert examples() == [("ask_way", "Open on Sunday?", "training")]


def test_it_agrees_with_whoever_said_the_same_first(message: Message, ana: User, ben: User) -> None:
    judge(message, "corrected", ben, "ask_way")
    annotation = judge(message, "corrected", ana, "ask_way")
    assert (annotation.by, annotation.revision) == (ben, 1)


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
        judge(message, verdict, ana, intent)
    assert not Annotation.objects.exists()
    assert not Example.objects.exists()


@pytest.mark.parametrize("entity", [{"entity": "x", "value": float("inf")}, {"entity": "x", "\0": 1}, {"value": "x"}])
def test_it_refuses_entities_that_no_database_keeps(message: Message, ana: User, entity: dict[str, Any]) -> None:
    with pytest.raises(FrontdeskError) as refused:
        judge(message, "corrected", ana, "ask_way", entities=[entity])
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


def test_it_leaves_notes_to_those_who_wrote_them(message: Message, ana: User, ben: User) -> None:
    note = services.add_note(conversation=message.conversation, text=" ask sales ", message=message, by=ana)
    services.change_note(note=note, text="asked sales", by=ana)
    with pytest.raises(FrontdeskError) as refused:
        services.delete_note(note=note, by=ben)
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


def test_it_is_reviewed_no_less_than_before(message: Message, ana: User, ben: User) -> None:
    Conversation.objects.update(last_turn=3)
    services.mark_reviewed(conversation=message.conversation, by=ben)
    late = services.mark_reviewed(conversation=message.conversation, seen_turn=1, by=ana)
    assert late.now.turn == 3


def test_it_takes_a_review_back_to_what_was_before(message: Message, ana: User, ben: User) -> None:
    def now() -> tuple[Any, ...]:
        row = Conversation.objects.get()
        return row.reviewed_turn, row.reviewed_at, row.reviewed_by, row.saved_for_later

    talk = message.conversation
    Conversation.objects.update(last_turn=3)
    services.mark_reviewed(conversation=talk, seen_turn=1, by=ben)
    services.save_for_later(conversation=talk, saved=True, by=ben)
    before = now()
    marked = services.mark_reviewed(conversation=talk, by=ana)
    services.take_back(conversation=talk, marked=marked, by=ana)
    assert now() == before
    services.mark_reviewed(conversation=talk, by=ben)
    with pytest.raises(ChangedMeanwhile):
        services.take_back(conversation=talk, marked=marked, by=ana)


def test_it_stamps_what_was_made_of_a_conversation(message: Message, ana: User) -> None:
    talk = message.conversation
    acts: list[Callable[[], Any]] = [
        lambda: judge(message, "correct", ana),
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


def test_it_leads_down_the_list_and_round(wrote: Write, ana: User) -> None:  # noqa: F811
    now = timezone.now()
    rows = [wrote("hi", active=now - timedelta(hours=hours)) for hours in range(4)]
    services.save_for_later(conversation=rows[1], saved=True, by=ana)
    services.mark_reviewed(conversation=rows[2], by=ana)

    assert next_to_review(rows[0]) == rows[3]
    assert next_to_review(rows[3]) == rows[0]
    assert next_to_review(rows[3], among=Conversation.objects.filter(pk=rows[2].pk)) is None
    assert neighbour(rows[1], Conversation.objects.all(), older=True) == rows[2]
    assert neighbour(rows[0], Conversation.objects.all(), older=False) is None


def test_it_writes_down_who_did_what(message: Message, ana: User) -> None:
    annotation = judge(message, "corrected", ana, "ask_prices")
    entry = LogEntry.objects.get_for_object(annotation).get()
    assert (entry.actor, entry.changes["intent"]) == (ana, ["", "ask_prices"])


@pytest.mark.django_db(transaction=True)
def test_it_tells_the_desk_after_the_commit(message: Message, ana: User) -> None:
    told: list[tuple[int, int]] = []

    def hear(conversation_id: int, seq: int, **_: Any) -> None:
        told.append((conversation_id, seq))

    review_changed.connect(hear)
    judge(message, "correct", ana)
    services.add_note(conversation=message.conversation, text="so", by=ana)
    review_changed.disconnect(hear)
    assert told == [(message.conversation_id, 1), (message.conversation_id, 0)]
