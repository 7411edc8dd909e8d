"""Who only looks at the pages of training changes nothing, whatever the page is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern

from tests.training.conftest import make_trainable_bot
from training.models import Bot, Environment, Evaluation, Job, ModelVersion, Synonym
from training.reports import report_of
from training.selectors import production
from training.services import add_example, request_training, save_response, train_version

pytestmark = pytest.mark.django_db
READS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "WITH")
WRITES_THE_AUDIT_LOG = "/download/"
OTHER_ROWS = ("intent/examples/", "intent/responses/", "intent/synonyms/", "modelversion/rollback/")


@pytest.fixture
def addresses(db: None) -> list[str]:
    """Every page of training, each of a row that is there, and some as their links and forms ask for them."""
    shop = make_trainable_bot("shop").bot
    version, newer = train_version(bot=shop), request_training(bot=shop, by=None).version
    Evaluation.objects.create(version=version, kind="held_out", report=report_of([]))
    bot = production().bot
    example, other = (add_example(bot=bot, intent=name, text=f"say {name}") for name in ("a", "b"))
    response = save_response(bot=bot, name="utter_a", variations=[{"text": "x"}], by=None)
    synonym = Synonym.objects.create(bot=bot, value="two", text="a couple")
    numbers = dict(zip(OTHER_ROWS, (example.pk, response.pk, synonym.pk, production().pk), strict=True))
    asked = [
        "bot/?q=m",
        "intent/?bot=shop",
        "intent/examples/?q=say",
        "intent/examples/?like=say",
        f"intent/examples/{example.pk}/?as=row",
        f"intent/{example.intent_id}/merge/?into={other.intent.name}",
        f"job/{Job.objects.get(status='queued').pk}/progress/",
        *(f"modelversion/{it}?bot__id__exact={shop.pk}" for it in ("", "queue/", "upload/")),
        f"modelversion/{version.pk}/change/",
        f"modelversion/{version.pk}/activate/",
        f"modelversion/compare/?left={version.pk}&right={newer.pk}",
    ]
    return ["/admin/", *pages(numbers), *(f"/admin/training/{it}" for it in asked)]


def pages(numbers: dict[str, int]) -> Iterator[str]:
    """Of every ModelAdmin of training. `numbers`: of rows whose pages lie under the address of another model."""
    for model, page in admin.site._registry.items():
        if model._meta.app_label != "training":
            continue
        first = model._default_manager.first()
        for pattern in page.get_urls():
            route = f"{model._meta.model_name}/{pattern.pattern}"
            own = first.pk if first else 0
            number = next((pk for start, pk in numbers.items() if route.startswith(start)), own)
            address = "/admin/training/" + re.sub(r"<\w+:\w+>", str(number), route)
            if isinstance(pattern, URLPattern) and WRITES_THE_AUDIT_LOG not in address:
                yield address


def statuses(client: Client, addresses: list[str]) -> dict[str, int]:
    """And no write."""
    found = {}
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            found[address] = client.get(address).status_code
        assert [it["sql"] for it in queries if not it["sql"].startswith(READS)] == [], address
    return found


def test_it_writes_nothing(desk: Client, addresses: list[str]) -> None:
    found = statuses(desk, addresses)
    assert set(found.values()) <= {200, 302, 403, 405}
    assert sum(status == 200 for status in found.values()) > 40


def test_it_writes_nothing_where_it_offers_to_undo(desk: Client, addresses: list[str]) -> None:
    example = Bot.objects.get(name="main").examples.first()
    desk.post("/admin/training/intent/examples/many/", {"id": example.pk, "act": "hold_out"})
    assert statuses(desk, ["/admin/training/intent/examples/"]) == {"/admin/training/intent/examples/": 200}


def test_it_makes_no_bot_by_looking(desk: Client) -> None:
    assert statuses(desk, ["/admin/", "/admin/training/intent/"]) == {"/admin/": 200, "/admin/training/intent/": 404}
    assert [model.objects.count() for model in (Bot, Environment, ModelVersion)] == [0, 0, 0]
