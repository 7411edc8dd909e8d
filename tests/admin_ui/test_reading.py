"""Who only looks at the pages of training changes nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.training.conftest import make_trainable_bot
from training.models import Bot, Evaluation, Job, Synonym
from training.reports import report_of
from training.selectors import production
from training.services import add_example, request_training, save_response, train_version

pytestmark = pytest.mark.django_db
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "WITH")
LISTS = ("bot", "environment", "intent", "evaluation", "job")
DATA = ("examples/", "examples/?q=one", "examples/?like=one", "responses/", "responses/new/", "synonyms/", "findings/")


@pytest.fixture
def addresses(db: None) -> list[str]:
    """Every page of training that is there to be read, each of a row that is there."""
    trainable = make_trainable_bot("shop")
    version, newer = train_version(bot=trainable.bot), request_training(bot=trainable.bot, by=None).version
    evaluation = Evaluation.objects.create(version=version, kind="held_out", report=report_of([]))
    example = add_example(bot=production().bot, intent="a", text="one")
    other = add_example(bot=production().bot, intent="b", text="two").intent
    response = save_response(bot=example.bot, name="utter_a", variations=[{"text": "x"}], by=None)
    Synonym.objects.create(bot=example.bot, value="two", text="a couple")
    intent, job = example.intent, Job.objects.filter(status="queued").get()
    pages = [
        *(f"{name}/" for name in LISTS),
        "intent/?bot=shop",
        f"bot/{trainable.bot.pk}/change/",
        f"environment/{production().pk}/change/",
        *(f"intent/{it}" for it in DATA),
        *(f"intent/{intent.pk}/{it}" for it in ("change/", "remove/", f"merge/?into={other.name}", "history/")),
        *(f"intent/examples/{example.pk}/{it}" for it in ("", "?as=row")),
        f"intent/responses/{response.pk}/",
        f"evaluation/{evaluation.pk}/change/",
        *(f"job/{job.pk}/{it}/" for it in ("change", "progress")),
        *(f"modelversion/{version.pk}/{it}/" for it in ("change", "activate", "delete")),
        *(f"modelversion/{it}?bot__id__exact={trainable.bot.pk}" for it in ("", "queue/")),
        "modelversion/upload/",
        f"modelversion/compare/?left={version.pk}&right={newer.pk}",
    ]
    return ["/admin/", *(f"/admin/training/{it}" for it in pages)]


def writes_of(client: Client, address: str, expected: int = 200) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert (address, client.get(address).status_code) == (address, expected)
    statements = [query["sql"] for query in queries if not query["sql"].startswith(READS)]
    return [f"{address}: {statement}" for statement in statements]


def test_it_writes_nothing(desk: Client, addresses: list[str]) -> None:
    assert [write for address in addresses for write in writes_of(desk, address)] == []


def test_it_writes_nothing_where_it_offers_to_undo(desk: Client, addresses: list[str]) -> None:
    example = Bot.objects.get(name="main").examples.first()
    desk.post("/admin/training/intent/examples/many/", {"id": example.pk, "act": "hold_out"})
    assert writes_of(desk, "/admin/training/intent/examples/") == []


def test_it_makes_no_bot_by_looking(desk: Client) -> None:
    assert writes_of(desk, "/admin/") == []
    assert writes_of(desk, "/admin/training/intent/", expected=404) == []
    assert not Bot.objects.exists()
