import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from training.models import ModelVersion
from training.selectors import production

VERSIONS = "/admin/training/modelversion/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def newer(live_model: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.create(
        bot=live_model.bot, name="main-newer", status="ready", size=2048, train_seconds=4.2
    )


def test_it_lists_versions_and_where_they_are_live(
    desk: Client, newer: ModelVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        ModelVersion.objects.create(bot=newer.bot, name=f"main-{number}", status="failed")
    with django_assert_max_num_queries(12):
        page = desk.get(VERSIONS).content.decode()
    assert all(shown in page for shown in ("main-newer", "production", "2.0\xa0KB", "4.2 s", "Failed"))


def test_it_asks_before_it_activates(desk: Client, newer: ModelVersion) -> None:
    response = desk.post(VERSIONS, {"action": "activate", "_selected_action": [newer.pk]}, follow=True)
    page = response.content.decode()
    assert "Activate this version?" in page
    assert "now: main-test" in page
    assert production().active_version != newer


def test_it_activates_and_writes_down_who_did(desk: Client, newer: ModelVersion) -> None:
    response = desk.post(f"{VERSIONS}{newer.pk}/activate/", {"environment": "production"}, follow=True)
    assert "Live in production now: main-newer." in response.content.decode()
    assert production().active_version == newer
    assert LogEntry.objects.get().get_change_message() == "Activated in production."


def test_it_activates_one_version_at_a_time(desk: Client, newer: ModelVersion, live_model: ModelVersion) -> None:
    both = {"action": "activate", "_selected_action": [newer.pk, live_model.pk]}
    assert "Choose one version" in desk.post(VERSIONS, both, follow=True).content.decode()


def test_it_refuses_a_version_that_is_not_ready(desk: Client, live_model: ModelVersion) -> None:
    failed = ModelVersion.objects.create(bot=live_model.bot, name="main-bad", status="failed")
    response = desk.post(f"{VERSIONS}{failed.pk}/activate/", {"environment": "production"}, follow=True)
    assert "go live" in response.content.decode()
    assert production().active_version == live_model


def test_it_activates_only_where_the_bot_has_an_environment(desk: Client, newer: ModelVersion) -> None:
    desk.post(f"{VERSIONS}{newer.pk}/activate/", {"environment": "elsewhere"})
    assert newer.bot.environments.count() == 1


def test_it_activates_only_for_those_who_may(viewer_desk: Client, newer: ModelVersion) -> None:
    address = f"{VERSIONS}{newer.pk}/activate/"
    assert viewer_desk.post(address, {"environment": "production"}).status_code == 403
    assert production().active_version != newer


def test_it_shows_bots_and_environments_to_read(desk: Client, live_model: ModelVersion) -> None:
    assert "main/production" in desk.get("/admin/training/environment/").content.decode()
    assert desk.get(f"/admin/training/bot/{live_model.bot_id}/change/").status_code == 200
    assert desk.get("/admin/training/bot/add/").status_code == 403
