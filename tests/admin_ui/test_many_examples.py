"""What is done to many examples at once, and undone."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.admin_ui.test_training_data import LIST, alive, bot, of, page, post, step_in, words  # noqa: F401
from training.models import Bot, Example
from training.selectors import production
from training.services import add_example, change_example, create_intent, delete_intent, move_examples, rename_intent

pytestmark = pytest.mark.django_db


def test_it_moves_many_and_takes_it_back(desk: Client, bot: Bot) -> None:  # noqa: F811
    rows = [
        add_example(bot=bot, intent=intent, text=text) for intent, text in (("a", "one"), ("b", "two"), ("b", "one"))
    ]
    create_intent(bot=bot, name="c", by=None)
    before = alive(bot)
    html = desk.post(
        f"{LIST}examples/many/", {"id": [row.pk for row in rows], "act": "move", "intent": "c"}, follow=True
    )
    assert "Moved 3 examples to c." in words(html.content.decode())
    assert {intent for intent, _ in alive(bot)} == {"c"}
    post(desk, f"{LIST}undo/", step=step_in(html.content.decode()))
    assert alive(bot) == before


def test_it_moves_back_to_the_name_that_an_intent_has_by_now(desk: Client, bot: Bot) -> None:  # noqa: F811
    rows = [add_example(bot=bot, intent="a", text=text) for text in ("one", "two")]
    create_intent(bot=bot, name="c", by=None)
    html = desk.post(
        f"{LIST}examples/many/", {"id": [row.pk for row in rows], "act": "move", "intent": "c"}, follow=True
    )
    rename_intent(intent=rows[0].intent, name="b", by=None)
    move_examples(ids=[rows[1].pk], intent="d", by=None)
    shown = post(desk, f"{LIST}undo/", step=step_in(html.content.decode()))
    assert "Back again: one example. Changed by somebody since, and left as they are: one example." in shown
    assert alive(bot) == [("b", "one"), ("d", "two")]


def test_it_moves_nothing_back_to_an_intent_that_is_gone(desk: Client, bot: Bot) -> None:  # noqa: F811
    row = add_example(bot=bot, intent="a", text="one")
    create_intent(bot=bot, name="c", by=None)
    html = desk.post(f"{LIST}examples/many/", {"id": row.pk, "act": "move", "intent": "c"}, follow=True)
    delete_intent(intent=row.intent, by=None)
    assert "There is no intent a." in post(desk, f"{LIST}undo/", step=step_in(html.content.decode()))
    assert alive(bot) == [("c", "one")]


def test_it_deletes_many_and_takes_it_back(desk: Client, bot: Bot) -> None:  # noqa: F811
    rows = [add_example(bot=bot, intent="a", text=text) for text in ("one", "two", "three")]
    html = desk.post(f"{LIST}examples/many/", {"id": [row.pk for row in rows[:2]], "act": "delete"}, follow=True)
    assert alive(bot) == [("a", "three")]
    assert "Back again: 2 examples." in post(desk, f"{LIST}undo/", step=step_in(html.content.decode()))
    assert len(alive(bot)) == 3


def test_it_undoes_only_what_it_offered(desk: Client, bot: Bot) -> None:  # noqa: F811
    assert "This can't be undone any more." in post(desk, f"{LIST}undo/", step="made:up")


def test_it_moves_to_no_intent_that_is_not_there(desk: Client, bot: Bot) -> None:  # noqa: F811
    row = add_example(bot=bot, intent="a", text="one")
    shown = post(desk, f"{LIST}examples/many/", id=row.pk, act="move", intent="typo")
    assert "There is no intent typo. Create it first." in shown
    assert alive(bot) == [("a", "one")]


@pytest.mark.parametrize("act", ["move", "delete", "keep", "hold_out"])
def test_it_takes_no_id_that_no_row_can_have(desk: Client, bot: Bot, act: str) -> None:  # noqa: F811
    assert "Select examples first." in post(desk, f"{LIST}examples/many/", id="9" * 25, act=act)
    page(desk, f"{LIST}examples/?ids={'9' * 25}&who={'9' * 25}")


def test_it_takes_back_what_was_done_to_examples_of_another_bot(desk: Client, bot: Bot) -> None:  # noqa: F811
    row = add_example(bot=Bot.objects.create(name="shop"), intent="sell", text="buy this")
    many = re.search(r'action="([^"]+/many/[^"]*)"', page(desk, of(row.intent, "change/")))
    assert many
    html = desk.post(many[1], {"id": row.pk, "act": "delete"}, follow=True).content.decode()
    assert "Back again: one example." in post(desk, f"{LIST}undo/", step=step_in(html))


def test_it_offers_to_undo_once(desk: Client, bot: Bot) -> None:  # noqa: F811
    row = add_example(bot=bot, intent="a", text="one")
    desk.post(f"{LIST}examples/many/", {"id": row.pk, "act": "delete"})
    assert "Deleted one example. Undo" in words(page(desk, f"{LIST}examples/"))
    assert "Deleted one example." not in words(page(desk, f"{LIST}examples/"))


@pytest.mark.parametrize(
    ("act", "mark", "words_then"),
    [("hold_out", "use", "Held out: 2 examples."), ("confirm", "confirmed", "Noted as right: 2 examples.")],
)
def test_it_marks_many_and_takes_it_back(desk: Client, act: str, mark: str, words_then: str) -> None:
    """Not what a colleague has changed since, nor what was marked before."""
    rows = [add_example(bot=production().bot, intent="a", text=text) for text in ("one", "two", "three")]
    post(desk, f"{LIST}examples/many/", id=rows[0].pk, act=act)
    again = post(desk, f"{LIST}examples/many/", id=rows[0].pk, act=act)
    assert "Nothing changed: that is so already." in again
    before = marks(rows, mark)
    html = desk.post(f"{LIST}examples/many/", {"id": [row.pk for row in rows], "act": act}, follow=True)
    assert words_then in words(html.content.decode())
    assert len(set(marks(rows, mark))) == 1
    rows[2].refresh_from_db()
    size = {"start": 0, "end": 5, "value": "three", "entity": "size"}
    change_example(example=rows[2], by=None, revision=rows[2].revision, entities=[size])
    shown = post(desk, f"{LIST}undo/", step=step_in(html.content.decode()))
    assert "Back again: one example. Changed by somebody since, and left as they are: one example." in shown
    assert marks(rows, mark)[:2] == before[:2]
    assert marks(rows, mark)[2] == before[0]


def marks(rows: list[Example], mark: str) -> list[object]:
    return [Example.objects.values_list(mark, flat=True).get(pk=row.pk) for row in rows]
