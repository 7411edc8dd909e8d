"""The pages of responses, synonyms and findings."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.admin_ui.test_training_data import (  # noqa: F401  (some are fixtures)
    LIST,
    alive,
    bot,
    of,
    page,
    post,
    seeded,
    words,
)
from tests.training.conftest import make_trainable_bot
from training.models import Bot, Evaluation, ModelVersion
from training.services import add_example, rename_intent, save_response

pytestmark = pytest.mark.django_db


def test_it_edits_every_part_of_a_response(desk: Client, bot: Bot) -> None:  # noqa: F811
    rich = {"text": "Hi", "buttons": [{"title": "Go", "payload": "/go", "type": "postback"}], "channel": "slack"}
    row = save_response(bot=bot, name="utter_hi", variations=[rich], by=None)
    html = page(desk, f"{LIST}responses/{row.pk}/")
    given = {
        "revision": row.revision,
        "variation": ["1", "new"],
        "text-1": "Hello",
        "title-1": ["Go", ""],
        "payload-1": ["/go", ""],
        "more-1": [re.search(r'name="more-1" value="([^"]+)"', html)[1].replace("&quot;", '"'), "{}"],  # type: ignore[index]
        "rest-1": '{"channel": "slack"}',
        "text-new": "",
    }
    assert "Saved." in post(desk, f"{LIST}responses/{row.pk}/", **given)
    row.refresh_from_db()
    assert row.variations == [{**rich, "text": "Hello"}]


def test_it_keeps_what_was_written_where_a_response_is_wrong(desk: Client, bot: Bot) -> None:  # noqa: F811
    given = {"name": "utter_x", "variation": "1", "text-1": "my words", "rest-1": "{nope"}
    response = desk.post(f"{LIST}responses/new/", given)
    shown = response.content.decode()
    assert response.status_code == 400
    assert "my words" in shown
    assert "{nope" in shown


def test_it_adds_and_removes_synonyms(desk: Client, bot: Bot) -> None:  # noqa: F811
    post(desk, f"{LIST}synonyms/", value="large", texts="huge\nbig")
    assert "large huge" not in words(page(desk, f"{LIST}synonyms/"))
    assert list(bot.synonyms.values_list("text", "value")) == [("big", "large"), ("huge", "large")]
    post(desk, f"{LIST}synonyms/{bot.synonyms.get(text='big').pk}/remove/")
    assert bot.synonyms.filter(deleted=None).count() == 1


def test_it_says_where_synonyms_have_no_effect(desk: Client, bot: Bot) -> None:  # noqa: F811
    shop = make_trainable_bot("shop").bot
    assert "This assistant looks up no synonyms." in words(page(desk, f"{LIST}synonyms/?bot=shop"))
    given = {"value": "large", "texts": "huge"}
    assert "Once the pipeline looks synonyms up" in post(desk, f"{LIST}synonyms/?bot=shop", **given)
    assert shop.synonyms.exists()


def test_it_saves_all_synonyms_or_none(desk: Client, bot: Bot) -> None:  # noqa: F811
    shown = post(desk, f"{LIST}synonyms/", value="large", texts=f"huge\n{'x' * 300}\nbig")
    assert "Nothing is saved. “xxx" in shown
    assert not bot.synonyms.exists()
    empty = desk.post(f"{LIST}synonyms/", {"value": "my value", "texts": " "}).content.decode()
    assert "Write at least one text." in words(empty)
    assert 'value="my value"' in empty


def test_it_compares_what_examples_mean_when_it_is_told_to(desk: Client, bot: Bot) -> None:  # noqa: F811
    add_example(bot=bot, intent="a", text="hire me")
    html = page(desk, f"{LIST}findings/")
    assert "Comparing what the examples mean: 0 of 1" in words(html)
    assert f'data-goes-on="{LIST}findings/compare/"' in html
    assert "Comparing" not in post(desk, f"{LIST}findings/compare/")
    assert bot.examples.get().vector


def test_it_leads_from_each_finding_to_its_fix(desk: Client, bot: Bot) -> None:  # noqa: F811
    one = add_example(bot=bot, intent="a", text="hire me")
    two = add_example(bot=bot, intent="b", text="Hire me!")
    html = page(desk, f"{LIST}findings/")
    assert "is an example of a and b" in words(html)
    assert f"{of(one.intent, 'change/')}#answer" in html
    assert f"{of(two.intent, 'change/')}#add" in html
    post(desk, f"{LIST}examples/many/", id=[one.pk, two.pk], act="keep", intent="b")
    assert alive(bot) == [("b", "Hire me!")]
    assert "is an example of a and b" not in words(page(desk, f"{LIST}findings/"))


def test_it_takes_the_word_of_staff_for_a_doubtful_label(desk: Client, bot: Bot) -> None:  # noqa: F811
    row = add_example(bot=bot, intent="a", text="hire me")
    add_example(bot=bot, intent="b", text="so long")
    version = ModelVersion.objects.create(bot=bot, name="one")
    error = {"text": "hire me", "right": "a", "guessed": "b", "confidence": 0.99}
    Evaluation.objects.create(version=version, kind="cross_validation", report={"errors": [error]})
    assert "Doubtful 1" in words(page(desk, f"{LIST}findings/"))
    assert "Noted as right: one example." in post(desk, f"{LIST}examples/many/", id=row.pk, act="confirm")
    assert "Doubtful" not in words(page(desk, f"{LIST}findings/"))


def test_it_deletes_no_text_of_which_no_example_would_stay(desk: Client, bot: Bot) -> None:  # noqa: F811
    rows = [add_example(bot=bot, intent=intent, text="price list") for intent in ("payment", "prices")]
    rename_intent(intent=rows[0].intent, name="paying", by=None)
    shown = post(desk, f"{LIST}examples/many/", id=[row.pk for row in rows], act="keep", intent="payment")
    assert "None of these is an example of payment any more. Nothing is deleted." in shown
    assert len(alive(bot)) == 2


def test_it_counts_findings_on_the_index(desk: Client, seeded: Bot) -> None:  # noqa: F811
    assert "Findings in the training data 0 Nothing to put right." in words(page(desk, "/admin/"))
    add_example(bot=seeded, intent="a", text="hire me")
    assert "Findings in the training data 2 2 should be fixed before you train" in words(page(desk, "/admin/"))
