"""Services of examples."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User

from assistant.lib.errors import FrontdeskError
from tests.training.conftest import TrainableBot
from training.models import Bot, Example
from training.selectors import changes_since, entity_names, intent_names, same_text, training_data_of
from training.services import (
    add_example,
    change_example,
    create_intent,
    delete_examples,
    delete_intent,
    delete_response,
    delete_synonym,
    hold_out_examples,
    move_examples,
    rename_intent,
    restore_deleted,
    save_response,
    save_synonym,
    set_answer,
    train_version,
)

pytestmark = pytest.mark.django_db
SIZE = {"start": 2, "end": 7, "entity": "size"}


@pytest.fixture
def bot(db: None) -> Bot:
    return Bot.objects.create(name="shop")


def alive(bot: Bot) -> list[tuple[str, str]]:
    rows = bot.examples.filter(deleted=None).select_related("intent")
    return [(row.intent.name, row.text) for row in rows]


def trained(bot: Bot) -> list[tuple[str, str]]:
    return [(row.intent, row.text) for row in training_data_of(bot).examples]


def refused(**given: Any) -> str:
    with pytest.raises(FrontdeskError) as raised:
        add_example(**given)
    return raised.value.code


def test_it_makes_the_intent_of_a_new_example(bot: Bot, ana: User) -> None:
    row = add_example(bot=bot, intent="order", text="  a large one ", entities=[{**SIZE, "start": 4, "end": 9}], by=ana)
    assert (row.text, row.entities) == ("a large one", [{**SIZE, "value": "large"}])
    assert row.created_by == ana
    assert intent_names(bot) == ["order"]
    assert entity_names(bot) == ["size"]


def test_it_keeps_a_text_once_per_intent(bot: Bot) -> None:
    first = add_example(bot=bot, intent="order", text="one pizza")
    assert add_example(bot=bot, intent="order", text="one pizza") == first
    assert alive(bot) == [("order", "one pizza")]


def test_it_brings_back_a_deleted_example(bot: Bot, ana: User) -> None:
    first = add_example(bot=bot, intent="order", text="one pizza")
    delete_examples(ids=[first.pk], by=ana)
    again = add_example(bot=bot, intent="order", text="one pizza", use="held_out", by=ana)
    assert (again.pk, again.deleted, again.use) == (first.pk, None, "held_out")


def test_it_moves_a_text_to_the_one_intent_that_it_has(bot: Bot) -> None:
    add_example(bot=bot, intent="order", text="One pizza!")
    add_example(bot=bot, intent="menu", text="one  pizza", move=True)
    assert alive(bot) == [("menu", "one  pizza")]


def test_it_finds_the_same_text_under_every_intent(bot: Bot) -> None:
    add_example(bot=bot, intent="order", text="One pizza!")
    add_example(bot=bot, intent="menu", text="one  pizza")
    assert [row.intent.name for row in same_text(bot, "ONE PIZZA")] == ["order", "menu"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("See you then!", "see  you then"),
        ("check-in time", "Check in time?"),
        ("what's up", "what’s up"),  # noqa: RUF001
        ("１２ Uhr", "12 uhr"),  # noqa: RUF001
    ],
)
def test_it_trains_on_the_newer_word_of_a_conversation(bot: Bot, one: str, other: str) -> None:
    add_example(bot=bot, intent="goodbye", text=one)
    add_example(bot=bot, intent="book", text=other, origin="review")
    assert trained(bot) == [("book", other)]
    assert len(same_text(bot, one)) == 2


def test_it_goes_by_the_newest_word_where_the_text_was_there_before(bot: Bot, ana: User) -> None:
    for intent, origin in (("book", "skill"), ("goodbye", "review"), ("book", "review")):
        row = add_example(bot=bot, intent=intent, text="see you then", origin=origin)
    assert trained(bot) == [("book", "see you then")]
    delete_examples(ids=[row.pk], by=ana)
    assert trained(bot) == [("goodbye", "see you then")]
    add_example(bot=bot, intent="book", text="see you then", origin="review")
    assert trained(bot) == [("book", "see you then")]


def test_it_takes_what_is_overruled_for_no_change(trainable: TrainableBot) -> None:
    add_example(bot=trainable.bot, intent="goodbye", text="Hello!", origin="review")
    changes = changes_since(train_version(bot=trainable.bot))
    assert changes is not None
    assert (changes.added, changes.removed, changes.moved) == (0, 0, 0)


def test_it_takes_a_renamed_intent_for_one_change(trainable: TrainableBot) -> None:
    version = train_version(bot=trainable.bot)
    rename_intent(intent=trainable.bot.intents.get(name="greet"), name="welcome", by=None)
    changes = changes_since(version)
    assert changes is not None
    assert changes.words == "1 intent renamed"


def test_it_counts_no_change_that_was_undone(trainable: TrainableBot, ana: User) -> None:
    version = train_version(bot=trainable.bot)
    bot, greet = trainable.bot, trainable.bot.intents.get(name="greet")

    def changes() -> str:
        found = changes_since(version)
        assert found is not None
        return found.words

    mark = delete_intent(intent=greet, by=ana)
    assert changes() == "3 examples removed, 1 response, intent or synonym changed"
    restore_deleted(bot=bot, mark=mark, by=ana)
    assert changes() == ""
    row = save_response(bot=bot, name="utter_greet", variations=[{"text": "Hey!"}], by=ana, revision=1)
    assert changes() == "1 response, intent or synonym changed"
    set_answer(intent=greet, texts=["Hi there."], by=ana, revision=row.revision)
    assert changes() == "2 responses, intents or synonyms changed"
    set_answer(intent=greet, texts=[], by=ana)
    row.refresh_from_db()
    save_response(bot=bot, name="utter_greet", variations=[{"text": "Hello!"}], by=ana, revision=row.revision)
    assert changes() == ""
    synonym = save_synonym(bot=bot, value="good morning", text="gm", by=ana)
    delete_response(response=bot.responses.get(name="utter_goodbye"), by=ana)
    assert changes() == "2 responses, intents or synonyms changed"
    delete_synonym(synonym=synonym, by=ana)
    assert changes() == "1 response, intent or synonym changed"


@pytest.mark.parametrize(("one", "other"), [("कल", "कला"), ("👍", "👎"), ("❤️", "☺️"), ("?", "!")])
def test_it_takes_no_word_for_another(bot: Bot, one: str, other: str) -> None:
    add_example(bot=bot, intent="goodbye", text=one)
    assert same_text(bot, other) == []


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001, "a\0b", "\ud800"])
def test_it_refuses_a_text_that_is_none(bot: Bot, text: str) -> None:
    assert refused(bot=bot, intent="order", text=text) == "bad_example"


@pytest.mark.parametrize(
    "spans",
    [[(0, 0)], [(5, 2)], [(0, 99)], [(-1, 3)], [(0, 5), (3, 7)], [(1, 2)], [(0, 5), (0, 5)]],
)
def test_it_refuses_entities_that_mark_nothing_or_overlap(bot: Bot, spans: list[tuple[int, int]]) -> None:
    entities = [{"start": start, "end": end, "entity": "size"} for start, end in spans]
    assert refused(bot=bot, intent="order", text="a large one", entities=entities) == "bad_example"


@pytest.mark.parametrize("more", [{"start": float("inf")}, {"value": float("inf")}, {"value": float("nan")}])
def test_it_refuses_numbers_that_no_database_keeps(bot: Bot, more: dict[str, float]) -> None:
    entities = [{"start": 2, "end": 7, "entity": "size", **more}]
    assert refused(bot=bot, intent="order", text="a large one", entities=entities) == "bad_example"


@pytest.mark.parametrize("name", ["", "two words", "a/b/c", "/a", "a/", "nlu_fallback", "a{b}", "x" * 256, "a\0"])
def test_it_refuses_names_that_are_no_intents(bot: Bot, name: str) -> None:
    assert refused(bot=bot, intent=name, text="hello") == "bad_intent"


def test_it_saves_only_what_the_writer_has_seen(bot: Bot, ana: User) -> None:
    row = add_example(bot=bot, intent="order", text="one pizza")
    changed = change_example(example=row, by=ana, revision=1, text="two pizzas", use="held_out")
    assert (changed.text, changed.use, changed.revision) == ("two pizzas", "held_out", 2)
    with pytest.raises(FrontdeskError) as raised:
        change_example(example=row, by=ana, revision=1, text="three")
    assert (raised.value.code, raised.value.status) == ("changed_meanwhile", 409)


def test_it_refuses_a_change_to_what_is_there_already(bot: Bot, ana: User) -> None:
    add_example(bot=bot, intent="order", text="one pizza")
    row = add_example(bot=bot, intent="order", text="two pizzas")
    with pytest.raises(FrontdeskError, match="already"):
        change_example(example=row, by=ana, revision=1, text="one pizza")


def test_it_moves_many_at_once(bot: Bot, ana: User) -> None:
    rows = [add_example(bot=bot, intent="order", text=text) for text in ("one", "two", "three")]
    add_example(bot=bot, intent="menu", text="three")
    assert move_examples(ids=[row.pk for row in rows], intent="menu", by=ana) == 3
    assert sorted(alive(bot)) == [("menu", "one"), ("menu", "three"), ("menu", "two")]


def test_it_deletes_and_restores_what_belongs_together(bot: Bot, ana: User) -> None:
    rows = [add_example(bot=bot, intent="order", text=text) for text in ("one", "two", "three")]
    delete_examples(ids=[rows[0].pk], by=ana)
    mark = delete_examples(ids=[row.pk for row in rows[1:]], by=ana)
    assert restore_deleted(bot=bot, mark=mark, by=ana).count == 2
    assert alive(bot) == [("order", "two"), ("order", "three")]


def test_it_restores_nothing_twice(bot: Bot, ana: User) -> None:
    row = add_example(bot=bot, intent="order", text="one")
    mark = delete_examples(ids=[row.pk], by=ana)
    assert [restore_deleted(bot=bot, mark=mark, by=ana).count for _ in range(2)] == [1, 0]


def test_it_holds_out_and_takes_back(bot: Bot, ana: User) -> None:
    row = add_example(bot=bot, intent="order", text="one")
    assert hold_out_examples(ids=[row.pk], held_out=True, by=ana) == 1
    assert hold_out_examples(ids=[row.pk], held_out=True, by=ana) == 0
    assert Example.objects.get(pk=row.pk).use == "held_out"


def test_it_writes_down_who_changed_what(bot: Bot, ana: User) -> None:
    create_intent(bot=bot, name="order", by=None)
    row = add_example(bot=bot, intent="order", text="one", by=ana)
    change_example(example=row, by=ana, revision=1, text="two")
    delete_examples(ids=[row.pk], by=ana)
    kept = [(entry.actor, entry.changes.get("text")) for entry in LogEntry.objects.order_by("id")]
    assert kept == [(ana, [None, "one"]), (ana, ["one", "two"]), (ana, ["two", None])]
