"""The page of an evaluation: errors first, then every intent, then what is confused with what."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from assistant.engine import Guess, Labelled
from tests.admin_ui.test_versions import page
from training.confusion_matrix import MOST, confusion_matrix_of
from training.models import Evaluation, ModelVersion
from training.reports import report_of
from training.services import add_example

pytestmark = pytest.mark.django_db
GUESSES = [
    Guess(Labelled("<b>hello</b>", "greet"), "goodbye", 0.91, [{"name": "goodbye", "confidence": 0.91}]),
    Guess(Labelled("good day", "greet"), "order", 0.42),
    Guess(Labelled("bye", "goodbye"), "goodbye", 0.99),
    Guess(Labelled("a pizza", "order"), "order", 0.99),
]


@pytest.fixture
def evaluation(live_model: ModelVersion) -> Evaluation:
    report = report_of(GUESSES)
    return Evaluation.objects.create(version=live_model, kind="held_out", example_count=4, accuracy=0.5, report=report)


def address(evaluation: Evaluation, query: str = "") -> str:
    return f"/admin/training/evaluation/{evaluation.pk}/change/{query}"


def test_it_shows_the_most_confident_error_first(desk: Client, evaluation: Evaluation) -> None:
    shown = page(desk, address(evaluation))
    assert "50.0%" in shown
    assert "2 of 4" in shown
    assert shown.index("&lt;b&gt;hello") < shown.index("good day")
    assert "<b>hello" not in shown


def test_it_shows_the_errors_behind_a_field_of_the_picture(desk: Client, evaluation: Evaluation) -> None:
    link = re.search(r'href="(\?right=greet&amp;guessed=order)#errors"', page(desk, address(evaluation)))
    assert link
    shown = page(desk, address(evaluation, link[1].replace("&amp;", "&")))
    assert "good day" in shown
    assert "hello" not in shown


def test_it_draws_without_inline_style_in_every_language(desk: Client, evaluation: Evaluation) -> None:
    shown = desk.get(address(evaluation), headers={"Accept-Language": "de"}).content.decode()
    assert "style=" not in shown
    numbers = re.findall(r'\b(?:x|y|width|height|fill-opacity)="([^"]+)"', shown)
    assert numbers
    assert [number for number in numbers if not re.fullmatch(r"\d+(\.\d+)?(%|rem)?", number)] == []


def test_it_draws_only_what_was_confused_and_no_more_than_fits() -> None:
    many = [Guess(Labelled(f"text {n}", f"intent_{n:03}"), f"intent_{n + 1:03}", 0.9) for n in range(60)]
    picture = confusion_matrix_of(report_of(many))
    assert picture
    assert (len(picture.rows), picture.left_out) == (MOST, 31)
    assert confusion_matrix_of(report_of(GUESSES[2:])) is None


def test_it_says_so_where_nothing_was_asked(desk: Client, live_model: ModelVersion) -> None:
    empty = Evaluation.objects.create(version=live_model, kind="cross_validation", report=report_of([]))
    assert "There was nothing to ask." in page(desk, address(empty))
    bare = Evaluation.objects.create(version=live_model, kind="cross_validation")
    assert "There was nothing to ask." in page(desk, address(bare))


def test_it_leads_from_an_error_to_its_example_and_folds_many(desk: Client, live_model: ModelVersion) -> None:
    example = add_example(bot=live_model.bot, intent="greet", text="text 0", use="held_out")
    many = [Guess(Labelled(f"text {n}", "greet"), "order", 0.9 - n / 100) for n in range(30)]
    row = Evaluation.objects.create(version=live_model, kind="held_out", report=report_of(many))
    shown = page(desk, address(row))
    assert f'href="/admin/training/intent/examples/{example.pk}/"' in shown
    assert "<summary>10 more</summary>" in shown
    assert shown.index("text 19") < shown.index("10 more") < shown.index("text 20")
