"""Services of responses and synonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User

from assistant.lib.errors import FrontdeskError
from training.importing import import_project
from training.models import Bot, Response
from training.services import delete_response, delete_synonym, restore_deleted, save_response, save_synonym

pytestmark = pytest.mark.django_db
HELLO = {
    "text": "Hello.",
    "buttons": [{"title": "Order", "payload": "/order"}],
    "image": "",
    "custom": {"a": [1, None]},
}


@pytest.fixture
def bot(db: None) -> Bot:
    folder = Path(__file__).parent / "pizzeria"
    return import_project(bot="pizzeria", folder=folder, default_pipeline=True)[0]


def test_it_keeps_every_field_of_a_variation(bot: Bot, ana: User) -> None:
    row = save_response(bot=bot, name="utter_new", variations=[HELLO], by=ana)
    assert row.variations == [{key: value for key, value in HELLO.items() if value}]
    assert (row.edited, row.updated_by) == (True, ana)


@pytest.mark.parametrize("seen", [{"revision": 1}, {}])
def test_it_saves_only_what_the_writer_has_seen(bot: Bot, ana: User, seen: dict[str, int]) -> None:
    save_response(bot=bot, name="utter_bye", variations=[{"text": "So long."}], by=ana, revision=1)
    with pytest.raises(FrontdeskError) as raised:
        save_response(bot=bot, name="utter_bye", variations=[{"text": "Ciao."}], by=ana, **seen)
    assert raised.value.code == "changed_meanwhile"


@pytest.mark.parametrize(
    ("name", "variations"),
    [
        ("bye", [{"text": "x"}]),
        ("utter_two words", [{"text": "x"}]),
        ("utter_x", []),
        ("utter_x", [{}]),
        ("utter_x", [{"text": ""}]),
        ("utter_x", [{"text": "a\0b"}]),
        ("utter_x", [{"text": 3}]),
        ("utter_x", [{"text": "x", "custom": {"n": float("inf")}}]),
        ("utter_x", [{"text": "x", "buttons": [{"payload": "/y"}]}]),
        ("utter_x", [{"text": "x" * 20_001}]),
    ],
)
def test_it_refuses_what_can_not_be_said(bot: Bot, name: str, variations: list[dict[str, Any]]) -> None:
    with pytest.raises(FrontdeskError) as raised:
        save_response(bot=bot, name=name, variations=variations, by=None)
    assert raised.value.code == "bad_response"


def test_it_keeps_what_rules_and_forms_say(bot: Bot, ana: User) -> None:
    for name in ("utter_bye", "utter_ask_size", "utter_default"):
        with pytest.raises(FrontdeskError) as raised:
            delete_response(response=Response.objects.get(bot=bot, name=name), by=ana)
        assert raised.value.code == "in_use"


def test_it_brings_back_a_deleted_response(bot: Bot, ana: User) -> None:
    row = save_response(bot=bot, name="utter_new", variations=[HELLO], by=ana)
    mark = delete_response(response=row, by=ana)
    assert not bot.responses.filter(name="utter_new", deleted=None).exists()
    assert restore_deleted(bot=bot, mark=mark, by=ana).count == 1
    assert bot.responses.filter(name="utter_new", deleted=None).exists()


def test_it_writes_down_before_and_after(bot: Bot, ana: User) -> None:
    save_response(bot=bot, name="utter_bye", variations=[{"text": "So long."}], by=ana, revision=1)
    before, after = LogEntry.objects.get().changes["variations"]
    assert (before, after) == ([{"text": "See you, {size} eater."}], [{"text": "So long."}])


def test_it_gives_a_text_one_value(bot: Bot, ana: User) -> None:
    save_synonym(bot=bot, value="small", text="huge", by=ana)
    assert list(bot.synonyms.values_list("text", "value")) == [("huge", "small")]
    mark = delete_synonym(synonym=bot.synonyms.get(), by=ana)
    assert restore_deleted(bot=bot, mark=mark, by=ana).count == 1


def test_it_gives_a_text_one_value_in_whatever_case(bot: Bot, ana: User) -> None:
    save_synonym(bot=bot, value="Zürich", text="ÜBER dem See", by=ana)
    save_synonym(bot=bot, value="Zürich", text="über dem see", by=ana)
    with pytest.raises(FrontdeskError, match="“ÜBER dem See” means Zürich already"):
        save_synonym(bot=bot, value="Boston", text="Über dem See", by=ana)


@pytest.mark.parametrize(("value", "text"), [("", "x"), ("x", " "), ("x", "x"), ("x", "a\nb"), ("x", "a\0")])
def test_it_refuses_synonyms_that_are_none(bot: Bot, value: str, text: str) -> None:
    with pytest.raises(FrontdeskError) as raised:
        save_synonym(bot=bot, value=value, text=text, by=None)
    assert raised.value.code == "bad_synonym"
