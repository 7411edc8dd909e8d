"""What comes from files, and what staff made of it meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from training.importing import import_project
from training.models import MAIN, Bot, Example
from training.services import (
    add_example,
    change_example,
    delete_examples,
    delete_intent,
    merge_intents,
    move_examples,
    rename_intent,
    replace_files,
    save_response,
    save_synonym,
    sync_with_files,
)

PIZZERIA = Path(__file__).parent / "pizzeria"
ORDERS = "data/orders.yaml"

pytestmark = pytest.mark.django_db


@pytest.fixture
def pizzeria() -> Bot:
    return import_project(bot="pizzeria", folder=PIZZERIA, default_pipeline=True)[0]


def texts(bot: Bot, intent: str) -> list[str]:
    rows = Example.objects.filter(bot=bot, intent__name=intent, deleted=None, intent__deleted=None)
    return [row.text for row in rows]


def example(bot: Bot, text: str) -> Example:
    return Example.objects.get(bot=bot, text=text, deleted=None)


def come_again(bot: Bot, old: str = "", new: str = "") -> None:
    """The project is imported once more, with a line that is different."""
    files = dict(bot.files.values_list("path", "text"))
    changed = {path: text.replace(old, new) if old else f"{text}\n# again\n" for path, text in files.items()}
    replace_files(bot=bot, files=changed)


def test_it_takes_in_what_the_skills_bring() -> None:
    bot = Bot.objects.create(name=MAIN)
    assert sync_with_files(bot=bot)
    assert "what are your opening hours?" in texts(bot, "opening_hours")
    assert bot.responses.get(name="utter_opening_hours").variations[0]["buttons"][0]["payload"] == "/location"
    assert {row.source for row in bot.examples.all()} == {"conversations", "knowledge"}


def test_it_takes_in_the_same_files_once() -> None:
    bot = Bot.objects.create(name=MAIN)
    sync_with_files(bot=bot)
    assert not sync_with_files(bot=bot)


def test_it_reads_entities_and_synonyms(pizzeria: Bot) -> None:
    huge = example(pizzeria, "make it a huge one")
    assert huge.entities == [{"start": 10, "end": 14, "entity": "size", "value": "large"}]
    assert list(pizzeria.synonyms.values_list("text", "value")) == [("huge", "large")]


def test_it_adds_what_is_new_and_drops_what_is_gone(pizzeria: Bot) -> None:
    come_again(pizzeria, "- track my order", "- trace my order")
    assert texts(pizzeria, "track") == ["where is my pizza", "how long will it take", "trace my order"]


def test_it_never_brings_back_what_staff_deleted(pizzeria: Bot, ana: User) -> None:
    delete_examples(ids=[example(pizzeria, "hello").pk], by=ana)
    come_again(pizzeria)
    assert texts(pizzeria, "greet") == ["hi there", "good evening"]


def test_it_never_brings_back_what_staff_changed_or_moved(pizzeria: Bot, ana: User) -> None:
    change_example(example=example(pizzeria, "hello"), by=ana, revision=1, text="hello hello")
    move_examples(ids=[example(pizzeria, "good night").pk], intent="greet", by=ana)
    come_again(pizzeria)
    assert texts(pizzeria, "greet") == ["hello hello", "hi there", "good evening", "good night"]
    assert texts(pizzeria, "bye") == ["bye", "see you later"]


def test_it_keeps_what_staff_wrote(pizzeria: Bot, ana: User) -> None:
    add_example(bot=pizzeria, intent="greet", text="ahoy", by=ana)
    save_response(bot=pizzeria, name="utter_bye", variations=[{"text": "So long."}], by=ana, revision=1)
    save_synonym(bot=pizzeria, value="small", text="tiny", by=ana)
    come_again(pizzeria, "eater", "fan")
    assert "ahoy" in texts(pizzeria, "greet")
    assert pizzeria.responses.get(name="utter_bye").variations == [{"text": "So long."}]
    assert pizzeria.synonyms.filter(text="tiny").exists()


def test_it_follows_a_response_that_nobody_changed(pizzeria: Bot) -> None:
    come_again(pizzeria, "Hello again.", "Hello once more.")
    assert pizzeria.responses.get(name="utter_greet_again").variations == [{"text": "Hello once more."}]


def test_it_knows_intents_by_their_new_names(pizzeria: Bot, ana: User) -> None:
    intents = {intent.name: intent for intent in pizzeria.intents.all()}
    rename_intent(intent=intents["greet"], name="welcome", by=ana)
    merge_intents(source=intents["chitchat"], target=intents["bye"], by=ana)
    delete_intent(intent=intents["track"], by=ana)
    come_again(pizzeria, "- good evening", "- good morning")
    assert texts(pizzeria, "welcome") == ["hello", "hi there", "good morning"]
    assert "tell me a joke" in texts(pizzeria, "bye")
    alive = set(pizzeria.intents.filter(deleted=None).values_list("name", flat=True))
    assert alive == {"welcome", "bye", "order", "inform"}
