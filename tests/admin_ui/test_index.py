from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from admin_ui.site import StaffSite
from assistant.lib.admin import Panel
from conversations.models import Conversation
from tests.admin_ui.conftest import Write
from training.models import Environment, ModelVersion

NOON = datetime(2026, 3, 4, 12, tzinfo=timezone.get_current_timezone())
pytestmark = pytest.mark.django_db


def panels(client: Client) -> dict[str, Panel]:
    return {panel.title: panel for panel in client.get("/admin/").context["panels"]}


def worst(client: Client) -> list[Any]:
    return client.get("/admin/").context["sections"][0].context["worst"]


def behind(client: Client, panel: Panel) -> str:
    return str(client.get(panel.url).context["cl"].count)


def test_it_counts_what_its_links_show(desk: Client, wrote: Write) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    wrote("hi", reviewed_turn=1, lowest_confidence=0.1, thumbs_down=1, failed_turns=1)
    wrote("help", state="waiting", failed_turns=1, lowest_confidence=0.1)
    wrote("anyone?", answered_turn=0, thumbs_down=2)
    wrote("old", active=long_ago, failed_turns=1, lowest_confidence=0.2, thumbs_down=1)

    shown = panels(desk)
    expected = {
        "To review": "3",
        "Waiting for a person": "1",
        "With failed messages": "1",
        "Thumbs down": "1",
        "Unsure": "1",
        "Unanswered": "1",
    }
    assert {title: shown[title].value for title in expected} == expected
    assert {title: behind(desk, shown[title]) for title in expected} == expected
    assert shown["To review"].note == "2 with failed messages, 2 unsure"
    assert shown["To review"].attention


def test_it_is_calm_where_all_is_done(desk: Client, wrote: Write) -> None:
    wrote("hi", reviewed_turn=1, lowest_confidence=0.9)
    shown = panels(desk)
    assert (shown["To review"].value, shown["To review"].note) == ("0", "All caught up.")
    assert "Unanswered" not in shown
    assert not any(shown[title].attention for title in ("To review", "Waiting for a person", "Thumbs down"))
    assert "Nothing failed, nobody was unhappy" in desk.get("/admin/").content.decode()


@time_machine.travel(NOON, tick=False)
def test_it_shows_the_worst_since_last_evening_first(desk: Client, wrote: Write) -> None:
    for name, hours, of in (
        ("too long ago", 19, {"failed_turns": 9}),
        ("looked at", 1, {"failed_turns": 9, "reviewed_turn": 1}),
        ("well understood", 1, {"lowest_confidence": 0.95}),
        ("unsure", 17, {"lowest_confidence": 0.4}),
        ("most unsure", 2, {"lowest_confidence": 0.1}),
        ("disliked", 3, {"thumbs_down": 1}),
        ("failed", 4, {"failed_turns": 1}),
        ("failed twice", 5, {"failed_turns": 2}),
        ("hardly unsure", 5, {"lowest_confidence": 0.6}),
    ):
        wrote(name, active=NOON - timedelta(hours=hours), **of)
    assert [trouble.message.text for trouble in worst(desk)] == [
        "failed twice",
        "failed",
        "disliked",
        "most unsure",
        "unsure",
    ]


def test_it_leads_to_the_message_that_went_worst(desk: Client, wrote: Write) -> None:
    row = wrote("hi", "refund please", "bye", failed_turns=1, lowest_confidence=0.3)
    row.messages.filter(text="refund please").update(status="failed")
    assert [trouble.message.seq for trouble in worst(desk)] == [3]
    row.messages.filter(role="user").update(status="answered")
    row.messages.filter(turn=3, role="bot").update(feedback="down")
    assert [trouble.message.seq for trouble in worst(desk)] == [5]
    assert f"/conversation/{row.pk}/change/?at=5" in desk.get("/admin/").content.decode()


def test_it_says_which_model_is_live_and_since_when(desk: Client, live_model: ModelVersion) -> None:
    Environment.objects.update(activated="2026-03-01T10:00:00Z")
    panel = panels(desk)["Live model"]
    assert (panel.value, panel.note) == ("main-test", "since 1 Mar 2026, 10:00")
    assert desk.get(panel.url).status_code == 200


def test_it_shows_the_first_steps_where_nobody_has_written(desk: Client) -> None:
    page = desk.get("/admin/").content.decode()
    assert "Nobody has written yet" in page
    assert "Open the demo page</a> and say hello." in page


def test_it_keeps_itself_current_by_a_part_of_the_page(desk: Client, stranger_desk: Client, wrote: Write) -> None:
    assert ">0<" in desk.get("/admin/now/").content.decode()
    wrote("anyone?", answered_turn=0)
    part = desk.get("/admin/now/").content.decode()
    assert "<html" not in part
    assert "Unanswered" in part
    assert "panel" not in stranger_desk.get("/admin/now/").content.decode()


def test_it_shows_only_what_one_may_view(viewer_desk: Client, stranger_desk: Client) -> None:
    assert "Live model" not in panels(viewer_desk)
    assert "To review" in panels(viewer_desk)
    assert panels(stranger_desk) == {}
    assert "may see nothing yet" in stranger_desk.get("/admin/").content.decode()


def test_it_has_its_places_on_every_page(desk: Client, viewer_desk: Client, stranger_desk: Client) -> None:
    def places(client: Client, address: str) -> list[tuple[str, bool]]:
        return [(place.title, place.current) for place in client.get(address).context["navigation"]]

    everywhere = ["Conversations", "Training data", "Models", "Findings", "Replays", "Audit log", "Staff"]
    assert [title for title, _ in places(desk, "/admin/")] == everywhere
    assert [title for title, here in places(desk, "/admin/conversations/replay/add/") if here] == ["Replays"]
    assert [title for title, here in places(desk, "/admin/training/modelversion/") if here] == ["Models"]
    assert [title for title, here in places(desk, "/admin/training/job/") if here] == ["Models"]
    assert places(viewer_desk, "/admin/conversations/conversation/") == [("Conversations", True)]
    assert places(stranger_desk, "/admin/") == []


def test_it_asks_little_whatever_there_is(desk: Client, wrote: Write, django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        wrote("hi", failed_turns=1, lowest_confidence=0.2)
    desk.get("/admin/")
    with django_assert_max_num_queries(40):
        desk.get("/admin/now/")
    assert Conversation.objects.count() == 20


def test_it_lists_housekeeping_last_and_empty_tables_never(desk: Client) -> None:
    apps = desk.get("/admin/").context["app_list"]
    assert isinstance(apps, list)
    assert [app["name"] for app in apps][-2:] == ["Staff", "Log-ins"]
    assert "GroupResult" not in {model["object_name"] for app in apps for model in app["models"]}
    assert StaffSite.site_header in desk.get("/admin/").content.decode()


def test_it_calls_pages_of_apps_what_they_are_about(desk: Client) -> None:
    assert "<h1>Conversations</h1>" in desk.get("/admin/conversations/").content.decode()


def test_it_asks_a_viewer_to_read(desk: Client, viewer_desk: Client, wrote: Write) -> None:
    wrote("refund please", thumbs_down=1)
    assert [">Read<" in client.get("/admin/").content.decode() for client in (desk, viewer_desk)] == [False, True]
    assert ">Thumbs down</span>" in desk.get("/admin/").content.decode()
