"""The pages of training data."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.admin_ui.conftest import _desk_of
from training.models import Bot, Example, Intent, Response
from training.selectors import production
from training.services import (
    add_example,
    change_example,
    create_intent,
    freeze_training_set,
    rename_intent,
    save_response,
    sync_with_files,
)

LIST = "/admin/training/intent/"
FETCH = {"X-Requested-With": "fetch"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(db: None) -> Bot:
    return production().bot


@pytest.fixture
def seeded(bot: Bot) -> Bot:
    sync_with_files(bot=bot)
    return bot


@pytest.fixture
def reader_desk(db: None) -> Client:
    """Someone who may see training data and change nothing."""
    return _desk_of("rita", "view_bot")


def page(desk: Client, url: str) -> str:
    response = desk.get(url, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    """As they are read: without tags and runs of blanks."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def post(desk: Client, url: str, **given: Any) -> str:
    response = desk.post(url, given, follow=True)
    assert response.status_code == 200
    return words(response.content.decode())


def post_refused(desk: Client, url: str, given: dict[str, Any]) -> str:
    response = desk.post(url, given)
    assert response.status_code == 409
    return response.content.decode()


def of(intent: Intent | Example, act: str = "") -> str:
    kind = "examples/" if isinstance(intent, Example) else ""
    return f"{LIST}{kind}{intent.pk}/{act}"


def alive(bot: Bot) -> list[tuple[str, str]]:
    rows = Example.objects.filter(bot=bot, deleted=None).order_by("id")
    return list(rows.values_list("intent__name", "text"))


def test_it_lists_intents_with_what_answers_them(desk: Client, seeded: Bot) -> None:
    shown = words(page(desk, LIST))
    assert "36 intents, 1,182 examples for training, 0 held out" in shown
    assert "opening_hours 29 0 utter_opening_hours" in shown
    assert "affirm 37 0 utter_affirm" in shown


def test_it_lists_intents_in_few_queries(
    desk: Client, seeded: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page(desk, LIST)
    with django_assert_max_num_queries(25):
        page(desk, LIST)


def test_it_adds_an_intent_and_what_people_say(desk: Client, bot: Bot) -> None:
    shown = post(desk, LIST, name="ask_menu")
    assert "Created ask_menu. Now write what people say." in shown
    menu = Intent.objects.get(name="ask_menu")
    texts = "what's on the menu\n\nshow the [large](size) menu\nwhat's on the menu"
    assert "Added 2. 1 was there already." in post(desk, of(menu, "add/"), texts=texts)
    assert alive(bot) == [("ask_menu", "what's on the menu"), ("ask_menu", "show the large menu")]
    assert '<mark class="entity entity-' in page(desk, of(menu, "change/"))


def test_it_says_which_lines_were_no_examples(desk: Client, bot: Bot) -> None:
    menu = create_intent(bot=bot, name="ask_menu", by=None)
    shown = post(desk, of(menu, "add/"), texts=f"fine\n{'x' * 4001}\n[bad]{{nope}}")
    assert "Added 1." in shown
    assert "Not added:" in shown
    assert "at most 4,000 characters" in shown
    assert f"{'x' * 4001} [bad]{{nope}}" in shown
    assert "x" * 4001 not in words(page(desk, of(menu, "change/")))
    assert "Write at least one line." in post(desk, of(menu, "add/"), texts=" \n\t")


def test_it_links_to_pages_that_are_there_where_lines_were_no_examples(desk: Client, bot: Bot) -> None:
    menu = add_example(bot=bot, intent="ask_menu", text="one").intent
    shown = desk.post(of(menu, "add/"), {"texts": "[bad]{nope}"}).content.decode()
    assert f'name="next" value="{of(menu, "change/")}"' in shown
    assert f'<form method="get" action="{of(menu, "change/")}"' in shown
    assert 'href="?' not in shown.split('id="content-start"')[1]


def test_it_escapes_whatever_people_say(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="evil", text='<script>alert(1)</script> "><b x=')
    for url in (of(row.intent, "change/"), f"{LIST}examples/", of(row)):
        assert "<script>alert" not in page(desk, url)


def test_it_edits_an_example_in_place(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="ask_menu", text="a big menu")
    form = desk.get(of(row), headers=FETCH).content.decode()
    assert 'name="revision" value="1"' in form
    value = {"text": "a big menu 😀", "entities": [{"start": 2, "end": 5, "entity": "size"}]}
    given = {"revision": 1, "intent": "ask_menu", "held_out": "1", "value": json.dumps(value)}
    line = desk.post(of(row), given, headers=FETCH)
    assert "held out" in words(line.content.decode())
    row.refresh_from_db()
    assert (row.text, row.entities[0]["value"], row.use) == ("a big menu 😀", "big", "held_out")


def test_it_edits_an_example_without_scripts(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="ask_menu", text="a big menu")
    assert "a big menu" in page(desk, of(row))
    shown = post(desk, of(row), revision=1, intent="ask_menu", marked="a [huge](size) menu")
    assert "Saved." in shown
    assert Example.objects.get(pk=row.pk).entities[0]["entity"] == "size"


def test_it_loses_nobody_s_change(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="ask_menu", text="a big menu")
    Example.objects.filter(pk=row.pk).update(revision=2)
    given = {"revision": 1, "intent": "ask_menu", "marked": "my words"}
    answer = desk.post(of(row), given, headers=FETCH)
    assert answer.status_code == 409
    assert "Somebody changed this example meanwhile" in answer.content.decode()
    assert "my words" in answer.content.decode()


def test_it_shows_their_example_beside_mine_until_one_is_chosen(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="ask_menu", text="a big menu")
    change_example(example=row, by=None, revision=1, text="their words")
    mine = {"revision": 1, "intent": "ask_menu", "marked": "my words"}
    for _ in range(2):
        shown = post_refused(desk, of(row), mine)
        assert "their words" in words(shown)
        assert "my words" in words(shown)
        assert 'name="revision" value="1"' in shown
    assert alive(bot) == [("ask_menu", "their words")]
    post(desk, of(row), **mine, over=2)
    assert alive(bot) == [("ask_menu", "my words")]


def test_it_makes_no_intent_of_a_name_that_is_gone_or_misspelt(desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="ask_menu", text="a big menu")
    rename_intent(intent=row.intent, name="ask_card", by=None)
    shown = desk.post(of(row), {"revision": 1, "intent": "ask_menu", "marked": "a big menu"}).content.decode()
    assert "There is no intent ask_menu. Create it first." in shown
    assert not bot.intents.filter(name="ask_menu").exists()


def step_in(html: str) -> str:
    found = re.search(r'name="step" value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.mark.parametrize("entities", ["null", "3", '[1, null, {"start": null}]', '{"a": 1}'])
def test_it_takes_entities_as_they_come(desk: Client, bot: Bot, entities: str) -> None:
    row = add_example(bot=bot, intent="a", text="one")
    given = {"revision": 1, "intent": "a", "value": f'{{"text": "one", "entities": {entities}}}'}
    assert desk.post(of(row), given).status_code in (302, 400)


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("q=PIZZA", ["a pizza"]),
        ("q=Ünder", ["über and ünder"]),
        ("intent=b", ["a pizza", "über and ünder"]),
        ("use=held_out", ["held"]),
        ("origin=review", ["held"]),
        ("entity=any", ["held"]),
        ("like=something+to+eat", ["a pizza", "held", "über and ünder"]),
    ],
)
def test_it_finds_examples(desk: Client, bot: Bot, query: str, seen: list[str]) -> None:
    add_example(bot=bot, intent="b", text="a pizza")
    add_example(bot=bot, intent="b", text="über and ünder")
    span = [{"start": 0, "end": 4, "entity": "x"}]
    add_example(bot=bot, intent="c", text="held", use="held_out", origin="review", entities=span)
    html = page(desk, f"{LIST}examples/?{query}")
    texts = re.findall(r'<p class="example-text".*?</p>', html, re.S)
    assert sorted(words(text) for text in texts) == sorted(seen)


def test_it_renames_an_intent(desk: Client, bot: Bot) -> None:
    row = create_intent(bot=bot, name="old", by=None)
    assert "It is called new now" in post(desk, of(row, "rename/"), name="new")
    assert "can't be an intent's name" in post(desk, of(row, "rename/"), name="two words")


def test_it_says_what_a_merge_means_before_it_merges(desk: Client, seeded: Bot) -> None:
    source, target = (Intent.objects.get(name=name) for name in ("parking", "location"))
    shown = words(page(desk, f"{of(source, 'merge/')}?into=location"))
    assert "examples of parking become examples of location" in shown
    assert "Say where to park" in shown
    assert Intent.objects.get(pk=source.pk).deleted is None
    merged = desk.post(of(source, "merge/"), {"into": "location"}, follow=True).content.decode()
    assert "Merged parking into location." in words(merged)
    assert target.examples.filter(deleted=None, text__icontains="park").exists()


def test_it_takes_a_merge_back(desk: Client, seeded: Bot) -> None:
    source, before = Intent.objects.get(name="parking"), freeze_training_set(bot=seeded)
    count = source.examples.count()
    merged = desk.post(of(source, "merge/"), {"into": "location"}, follow=True).content.decode()
    assert freeze_training_set(bot=seeded) != before
    assert f"Back again: one intent, {count} examples." in post(desk, f"{LIST}undo/", step=step_in(merged))
    assert freeze_training_set(bot=seeded) == before
    assert "This can't be undone any more." in post(desk, f"{LIST}undo/", step=step_in(merged))


def test_it_deletes_an_intent_and_takes_it_back(desk: Client, seeded: Bot) -> None:
    parking = Intent.objects.get(name="parking")
    assert "Say where to park" in words(page(desk, of(parking, "remove/")))
    html = desk.post(of(parking, "remove/"), follow=True).content.decode()
    assert not Intent.objects.filter(name="parking", deleted=None).exists()
    post(desk, f"{LIST}undo/", step=step_in(html))
    assert Intent.objects.get(name="parking", deleted=None).examples.filter(deleted=None).count() > 20


def test_it_writes_the_answer_of_an_intent(desk: Client, bot: Bot) -> None:
    row = create_intent(bot=bot, name="ask_menu", by=None)
    assert "Nothing answers it yet." in words(page(desk, of(row, "change/")))
    shown = desk.post(of(row, "answer/"), {"text": ["Pizza.", "Pasta.", ""]}, follow=True).content.decode()
    assert "After the next training, ask_menu is answered so." in words(shown)
    assert Response.objects.get(name="utter_ask_menu").variations == [{"text": "Pizza."}, {"text": "Pasta."}]


def test_it_overwrites_no_answer_unseen(desk: Client, bot: Bot) -> None:
    row = create_intent(bot=bot, name="ask_menu", by=None)
    save_response(bot=bot, name="utter_ask_menu", variations=[{"text": "Pizza."}], by=None)
    mine = {"text": "Pasta.", "revision": 0}
    refused = desk.post(of(row, "answer/"), mine, follow=True).content.decode()
    assert "Somebody changed utter_ask_menu meanwhile" in words(refused)
    assert "Pizza." in words(refused)
    assert ">Pasta.</textarea>" in refused
    assert 'name="revision" value="0"' in refused
    assert ">Pizza.</textarea>" in page(desk, of(row, "change/"))
    assert "is answered so." in post(desk, of(row, "answer/"), **mine, over=1)


def test_it_shows_their_response_beside_mine_until_one_is_chosen(desk: Client, bot: Bot) -> None:
    row = save_response(bot=bot, name="utter_hi", variations=[{"text": "Theirs."}], by=None)
    mine = {"variation": "1", "text-1": "Mine.", "revision": 0}
    for _ in range(2):
        shown = post_refused(desk, f"{LIST}responses/{row.pk}/", mine)
        assert "Theirs." in words(shown)
        assert ">Mine.</textarea>" in shown
        assert 'name="revision" value="0"' in shown
    assert "Saved." in post(desk, f"{LIST}responses/{row.pk}/", **mine, over=1)
    assert Response.objects.get(pk=row.pk).variations == [{"text": "Mine."}]


def test_it_overwrites_no_name_unseen(desk: Client, bot: Bot) -> None:
    row = create_intent(bot=bot, name="old", by=None)
    rename_intent(intent=row, name="newer", by=None)
    assert "Somebody called old newer meanwhile." in post(desk, of(row, "rename/"), name="newest", seen="old")
    assert bot.intents.filter(name="newer").exists()


def test_it_shows_readers_no_dead_buttons(reader_desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="a", text="one")
    save_response(bot=bot, name="utter_a", variations=[{"text": "x"}], by=None)
    for url in (LIST, of(row.intent, "change/"), f"{LIST}examples/", f"{LIST}responses/", f"{LIST}findings/"):
        main = page(reader_desk, url).split('id="content-start"')[1]
        assert 'method="post"' not in main
        assert reader_desk.post(url).status_code == 403


def test_it_lets_only_editors_write(reader_desk: Client, stranger_desk: Client, bot: Bot) -> None:
    row = add_example(bot=bot, intent="a", text="one")
    for url in (of(row), of(row.intent, "add/"), of(row.intent, "rename/"), f"{LIST}examples/many/", f"{LIST}undo/"):
        assert reader_desk.post(url, {"id": row.pk, "act": "delete"}).status_code == 403
        assert stranger_desk.get(url).status_code == 403
    assert alive(bot) == [("a", "one")]


def test_it_writes_nothing_by_looking(desk: Client, bot: Bot) -> None:
    row = create_intent(bot=bot, name="ask_menu", by=None)
    desk.post(of(row, "answer/"), {"text": "Pizza."})
    assert desk.get(of(row, "rename/")).status_code == 405
    for act in ("add/", "answer/"):
        assert desk.get(of(row, act)).headers["Location"] == of(row, "change/")
    for url in (of(row, "merge/"), of(row, "remove/"), of(row, "change/")):
        desk.get(url)
        assert desk.put(url).status_code == 405
    row.refresh_from_db()
    assert (row.answer, row.deleted) == ("utter_ask_menu", None)


def test_it_keeps_bots_apart(desk: Client, bot: Bot, ana: User) -> None:
    other = Bot.objects.create(name="shop")
    add_example(bot=other, intent="sell", text="buy this")
    assert "sell" not in words(page(desk, LIST))
    assert "sell 1 0" in words(page(desk, f"{LIST}?bot=shop"))
    assert "sell" not in words(page(desk, LIST))
    assert "sell 1 0" in post(desk, f"{LIST}bot/", bot="shop")
    assert "sell 1 0" in words(page(desk, LIST))
    post(desk, LIST, name="ask")
    post(desk, f"{LIST}?bot=main", name="ask_main")
    assert [Intent.objects.get(name=name).bot for name in ("ask", "ask_main")] == [other, bot]


def test_it_leads_from_a_bot_in_the_address_to_more_of_it(desk: Client, bot: Bot) -> None:
    add_example(bot=Bot.objects.create(name="shop"), intent="sell", text="buy this")
    shown = page(desk, f"{LIST}?bot=shop")
    assert f"{LIST}examples/?bot=shop" in shown
    examples = page(desk, f"{LIST}examples/?bot=shop")
    assert "buy this" in words(examples)
    assert '<input type="hidden" name="bot" value="shop">' in examples
    assert f"{LIST}responses/new/?bot=shop" in page(desk, f"{LIST}responses/?bot=shop")
    assert "?bot=" not in page(desk, f"{LIST}examples/?bot=nowhere")


def test_it_keeps_a_name_that_no_intent_can_have(desk: Client, bot: Bot) -> None:
    shown = desk.post(LIST, {"name": "two words"}).content.decode()
    assert "can't be an intent's name" in words(shown)
    assert 'value="two words"' in shown
