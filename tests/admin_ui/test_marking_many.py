"""What is marked of many examples, and taken back."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.admin_ui.test_training_data import LIST, post, token_in, words
from training.models import Example
from training.selectors import production
from training.services import add_example, change_example

pytestmark = pytest.mark.django_db


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
    shown = post(desk, f"{LIST}undo/", token=token_in(html.content.decode()))
    assert "Back again: one example. Changed by somebody since, and left as they are: one example." in shown
    assert marks(rows, mark)[:2] == before[:2]
    assert marks(rows, mark)[2] == before[0]


def marks(rows: list[Example], mark: str) -> list[object]:
    return [Example.objects.values_list(mark, flat=True).get(pk=row.pk) for row in rows]
