from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from conversations.admin import changelist
from conversations.models import Conversation, Tag
from conversations.selectors import lists
from tests.admin_ui.conftest import Write
from training.models import Environment, ModelVersion

LIST = "/admin/conversations/conversation/"
LONG_AGO = datetime(2025, 5, 1, 12, tzinfo=timezone.get_current_timezone())
# Each database has an index of its own.
pytestmark = [pytest.mark.django_db, pytest.mark.modes("embedded", "distributed")]


def listed(client: Client, address: str = "", **chosen: str) -> Any:
    response = client.get(LIST + address, chosen or None)
    assert response.status_code == 200
    return response.context["cl"]


def senders(client: Client, **chosen: str) -> list[str]:
    return [row.external_id for row in listed(client, **chosen).result_list]


def test_it_lists_who_wrote_newest_first(desk: Client, wrote: Write) -> None:
    now = timezone.now()
    wrote("hello", sender="early", active=now - timedelta(hours=2), lowest_confidence=0.42)
    wrote("goodbye", sender="late", active=now, state="waiting", failed_turns=2)
    assert senders(desk) == ["late", "early"]
    page = desk.get(LIST).content.decode()
    expected = (">goodbye<", "Waiting for a person", "2\xa0hours ago", "Widget", "2 failed", "42%", "To review")
    assert [words for words in expected if words not in page] == []


def test_it_cuts_long_messages(desk: Client, wrote: Write) -> None:
    wrote("w" * 3000)
    assert "w" * 200 not in desk.get(LIST).content.decode()


@pytest.fixture
def everyone(desk: Client, wrote: Write, live_model: ModelVersion) -> None:
    """A conversation for each thing that a list can be narrowed to, named after it; and `usual`, which has none."""
    staging = ModelVersion.objects.create(bot=live_model.bot, name="main-old", status="ready")
    quiet: dict[str, Any] = {"reviewed_turn": 1, "lowest_confidence": 0.9}
    signs: dict[str, dict[str, Any]] = {
        "usual": {},
        "todo": {"reviewed_turn": 0},
        "later": {"saved_for_later": True},
        "flagged": {"flag_count": 1},
        "failed": {"failed_turns": 1},
        "disliked": {"thumbs_down": 1},
        "unanswered": {"answered_turn": 0},
        "unsure": {"lowest_confidence": 0.2},
        "waits": {"state": "waiting"},
        "slacker": {"channel": "slack"},
        "old": {"active": LONG_AGO},
        "long": {"last_seq": 12},
    }
    for name, of in signs.items():
        wrote("hi", sender=name, **{**quiet, **of})
    wrote("how much", sender="priced", **quiet).messages.filter(role="user").update(intent="ask_price")
    wrote("hi", sender="before", **quiet).messages.filter(role="user").update(model_version=staging)
    wrote("hi", sender="tagged", **quiet).tags.add(Tag.objects.create(name="lost order"))


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"review": "todo"}, "todo"),
        ({"review": "later"}, "later"),
        ({"review": "flagged"}, "flagged"),
        ({"trouble": "failed"}, "failed"),
        ({"trouble": "disliked"}, "disliked"),
        ({"trouble": "unanswered"}, "unanswered"),
        ({"confidence": "30"}, "unsure"),
        ({"confidence": "70"}, "unsure"),
        ({"state": "waiting"}, "waits"),
        ({"channel": "slack"}, "slacker"),
        ({"until": "2025-05-01"}, "old"),
        ({"since": "2025-05-01", "until": "2025-05-02"}, "old"),
        ({"length": "long"}, "long"),
        ({"min": "5", "max": "12"}, "long"),
        ({"intent": "ask_price"}, "priced"),
        ({"tag": "lost order"}, "tagged"),
        ({"review": "done", "channel": "slack", "length": "short"}, "slacker"),
        ({"q": "how", "intent": "ask_price"}, "priced"),
    ],
)
@pytest.mark.parametrize("few", [2_000, 0])
@pytest.mark.usefixtures("everyone")
def test_it_narrows_the_list(
    desk: Client, monkeypatch: pytest.MonkeyPatch, few: int, chosen: dict[str, str], found: str
) -> None:
    monkeypatch.setattr(lists, "FEW", few)
    assert senders(desk, **chosen) == [found]
    assert len(listed(desk, **chosen).filters.chips) == len([name for name in chosen if name not in {"review", "q"}])


@pytest.mark.usefixtures("everyone")
def test_it_narrows_by_model_and_date(desk: Client) -> None:
    assert senders(desk, version=str(ModelVersion.objects.get(name="main-old").pk)) == ["before"]
    assert "old" not in senders(desk, when="week")
    assert "old" not in senders(desk, when="today")
    assert senders(desk, review="done").count("todo") == 0


def test_it_narrows_by_environment(desk: Client, wrote: Write) -> None:
    here = wrote("hi", sender="sam").environment
    staging = Environment.objects.create(bot=here.bot, name="staging")
    assert senders(desk, environment=str(here.pk)) == ["sam"]
    assert senders(desk, environment=str(staging.pk)) == []


@pytest.mark.usefixtures("everyone")
def test_it_leaves_out_what_an_address_says_wrongly(desk: Client) -> None:
    wrong = {"review": "?", "confidence": "x", "since": "2025-02-31", "min": "-1", "version": "9" * 30, "before": "1-x"}
    assert len(senders(desk, **wrong)) == Conversation.objects.count()
    assert listed(desk, **wrong).has_active_filters is False
    said = desk.get("/admin/conversations/conversation/", wrong).content.decode()
    assert "the list is not narrowed by it: review=?, confidence=x, version=9999" in said
    assert "since=2025-02-31, min=-1." in said


def test_it_refuses_rows_that_no_table_can_have(desk: Client) -> None:
    given = {"action": "mark_reviewed", "_selected_action": "9" * 25}
    assert desk.post("/admin/conversations/conversation/", given).status_code == 404


@pytest.mark.usefixtures("everyone")
def test_it_takes_one_chip_away_at_a_time(desk: Client) -> None:
    both = listed(desk, channel="slack", state="waiting")
    assert both.result_count == 0
    assert [[row.external_id for row in listed(desk, chip.without).result_list] for chip in both.filters.chips] == [
        ["slacker"],
        ["waits"],
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ages=st.lists(st.integers(0, 4), max_size=12), size=st.integers(1, 4), walked=st.integers(1, 5))
def test_it_shows_every_row_once_from_page_to_page(
    desk: Client, live_model: ModelVersion, ages: list[int], size: int, walked: int
) -> None:
    """Many were active at the same moment; and a filter of messages looks through a few conversations at a time."""
    Conversation.objects.all().delete()
    place, now = live_model.bot.environments.get(), timezone.now()
    rows = [
        Conversation(channel="rest", external_id=str(number), environment=place, last_active=now - timedelta(hours=age))
        for number, age in enumerate(ages)
    ]
    Conversation.objects.bulk_create(rows)
    tag, _ = Tag.objects.get_or_create(name="all")
    tag.conversations.set(Conversation.objects.all())
    newest_first = [row.external_id for row in Conversation.objects.order_by("-last_active", "-id")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changelist, "PAGE", size)
        patch.setattr(lists, "FEW", 0)
        patch.setattr(lists, "SCANNED", walked)
        assert walk(desk, "") == newest_first
        assert walk(desk, "?tag=all") == newest_first


def walk(client: Client, address: str) -> list[str]:
    seen: list[str] = []
    for page in count(1):
        found = listed(client, address)
        seen += [row.external_id for row in found.result_list]
        address = found.older
        if not address:
            return seen
        assert page < 50
    raise AssertionError


def test_it_goes_back_to_newer_ones(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelist, "PAGE", 2)
    for age in range(5):
        wrote("hi", sender=f"age-{age}", active=timezone.now() - timedelta(hours=age))
    last = listed(desk, listed(desk, listed(desk).older).older)
    assert [row.external_id for row in last.result_list] == ["age-4"]
    assert [row.external_id for row in listed(desk, last.newer).result_list] == ["age-2", "age-3"]
    assert listed(desk, listed(desk, last.newer).newer).newer == ""


def test_it_counts_as_far_as_that_is_cheap(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelist, "PAGE", 1)
    monkeypatch.setattr(changelist, "COUNTED", 2)
    wrote("hi")
    assert listed(desk).count == "1"
    wrote("hi")
    assert listed(desk).count == "2"
    wrote("hi")
    assert listed(desk).count == "2+"


def test_it_marks_many_reviewed_and_tags_them(desk: Client, ana: User, wrote: Write) -> None:
    chosen = [wrote("hi").pk, wrote("hi").pk]
    wrote("hi", sender="left")
    assert 'name="action" value="mark_reviewed"' in desk.get(LIST).content.decode()
    said = desk.post(LIST, {"action": "mark_reviewed", "_selected_action": chosen, "index": 0}, follow=True)
    assert "Reviewed: 2 conversations." in said.content.decode()
    assert senders(desk, review="todo") == ["left"]
    desk.post(LIST, {"action": "tag", "tag": "Lost order", "_selected_action": chosen, "index": 0})
    assert {row.pk for row in listed(desk, tag="Lost order").result_list} == set(chosen)
    assert set(Conversation.objects.filter(pk__in=chosen).values_list("reviewed_by", flat=True)) == {ana.pk}


def test_it_says_what_a_tag_must_be(desk: Client, wrote: Write) -> None:
    one = {"action": "tag", "_selected_action": [wrote("hi").pk], "index": 0}
    assert "Write the name of the tag first." in desk.post(LIST, one, follow=True).content.decode()
    assert "no comma" in desk.post(LIST, {**one, "tag": "a,b"}, follow=True).content.decode()
    assert Tag.objects.count() == 0


def test_it_lets_viewers_change_nothing(viewer_desk: Client, wrote: Write) -> None:
    row = wrote("hi")
    page = viewer_desk.get(LIST).content.decode()
    assert 'name="action"' not in page
    assert "action-select" not in page
    viewer_desk.post(LIST, {"action": "mark_reviewed", "_selected_action": [row.pk], "index": 0})
    row.refresh_from_db()
    assert row.reviewed_turn == 0


def test_it_asks_as_few_questions_for_many_rows_as_for_one(
    desk: Client, wrote: Write, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        wrote("hi", "there")
    with django_assert_max_num_queries(14):
        assert len(senders(desk)) == 30
    with django_assert_max_num_queries(18):
        assert len(senders(desk, q="there")) == 30


def test_it_says_what_to_do_where_there_is_nothing(desk: Client, wrote: Write) -> None:
    assert "Nobody has written yet." in desk.get(LIST).content.decode()
    wrote("hi", reviewed_turn=1)
    assert "All caught up" in desk.get(LIST, {"review": "todo"}).content.decode()
    assert "Nothing here fits" in desk.get(LIST, {"state": "waiting"}).content.decode()


def test_it_is_for_those_who_may_view(viewer_desk: Client, stranger_desk: Client, wrote: Write) -> None:
    wrote("hi", sender="sam")
    assert senders(viewer_desk) == ["sam"]
    assert stranger_desk.get(LIST).status_code == 403
