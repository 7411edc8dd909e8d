from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from admin_ui.site import StaffSite
from assistant.lib.admin import Panel
from tests.admin_ui.conftest import Write
from training.models import Environment, ModelVersion

pytestmark = pytest.mark.django_db


def panels(client: Client) -> dict[str, Panel]:
    return {panel.title: panel for panel in client.get("/admin/").context["panels"]}


def rows_behind(client: Client, panel: Panel) -> int:
    return client.get(panel.url).context["cl"].result_count


def test_it_counts_what_its_links_show(desk: Client, wrote: Write) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    wrote("hi")
    wrote("help", state="waiting", failed_turns=1)
    wrote("anyone?", answered_turn=0)
    wrote("old", active=long_ago, failed_turns=1)

    shown = panels(desk)
    counted = ("Conversations today", "Waiting for a person", "With failed messages", "Unanswered")
    assert [shown[title].value for title in counted] == ["3", "1", "1", "1"]
    assert [rows_behind(desk, shown[title]) for title in counted] == [3, 1, 1, 1]


def test_it_says_which_model_is_live_and_since_when(desk: Client, live_model: ModelVersion) -> None:
    Environment.objects.update(activated="2026-03-01T10:00:00Z")
    panel = panels(desk)["Live model"]
    assert (panel.value, panel.note) == ("main-test", "since 1 Mar 2026, 10:00")
    assert desk.get(panel.url).status_code == 200


def test_it_says_what_to_do_where_there_is_nothing(desk: Client) -> None:
    page = desk.get("/admin/").content.decode()
    assert "Open the demo page and say hello." in page
    assert "Train a version and activate it." in page


def test_it_shows_only_what_one_may_view(viewer_desk: Client, stranger_desk: Client) -> None:
    assert "Live model" not in panels(viewer_desk)
    assert "Conversations today" in panels(viewer_desk)
    assert panels(stranger_desk) == {}


def test_it_lists_housekeeping_last_and_empty_tables_never(desk: Client) -> None:
    apps = desk.get("/admin/").context["app_list"]
    assert isinstance(desk.get("/admin/").context["app_list"], list)
    assert [app["name"] for app in apps][-3:] == ["Staff", "Log-ins", "Background tasks"]
    assert "GroupResult" not in {model["object_name"] for app in apps for model in app["models"]}
    assert StaffSite.site_header in desk.get("/admin/").content.decode()
