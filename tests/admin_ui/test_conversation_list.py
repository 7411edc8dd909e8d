from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from assistant.lib.admin import CappedPaginator
from conversations.admin import listing
from tests.admin_ui.conftest import Write
from training.models import Environment

LIST = "/admin/conversations/conversation/"
pytestmark = pytest.mark.django_db


def senders(client: Client, **chosen: str) -> list[str]:
    response = client.get(LIST, chosen)
    assert response.status_code == 200
    return [row.external_id for row in response.context["cl"].result_list]


def test_it_lists_who_wrote_newest_first(desk: Client, wrote: Write) -> None:
    now = timezone.now()
    wrote("hello", sender="early", active=now - timedelta(hours=2))
    wrote("goodbye", sender="late", active=now, state="waiting", failed_turns=2)
    assert senders(desk) == ["late", "early"]
    page = desk.get(LIST).content.decode()
    assert all(words in page for words in ("You said goodbye", "Waiting for a person", "2\xa0hours ago", "Widget"))


def test_it_cuts_long_messages(desk: Client, wrote: Write) -> None:
    wrote("w" * 3000)
    assert "w" * 200 not in desk.get(LIST).content.decode()


@pytest.mark.parametrize("words", ["REFUND", "refund my", "über", "ÜBER", "100%", "it's"])
def test_it_finds_words_of_any_message(desk: Client, wrote: Write, words: str) -> None:
    wrote("hi", "Refund my order Über100% now, it's late", "thanks", sender="sam")
    wrote("a table for 100 people", sender="kim")
    assert senders(desk, q=words) == ["sam"]


def test_it_finds_senders_and_public_ids(desk: Client, wrote: Write) -> None:
    sam = wrote("hi", sender="sam-of-the-shop")
    wrote("hi", sender="kim")
    assert senders(desk, q="OF-THE") == ["sam-of-the-shop"]
    assert senders(desk, q=str(sam.public_id)) == ["sam-of-the-shop"]
    assert senders(desk, q="nobody said this") == []


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"state__exact": "waiting"}, "waits"),
        ({"channel": "slack"}, "slacker"),
        ({"trouble": "failed"}, "failed"),
        ({"trouble": "unanswered"}, "unanswered"),
        ({"last_active__lt": "2026-01-01 00:00+00:00"}, "old"),
        ({"q": "hi", "channel": "slack"}, "slacker"),
    ],
)
def test_it_narrows_the_list(desk: Client, wrote: Write, chosen: dict[str, str], found: str) -> None:
    wrote("hi", sender="waits", state="waiting")
    wrote("hi", sender="slacker", channel="slack")
    wrote("hi", sender="failed", failed_turns=1)
    wrote("hi", sender="unanswered", answered_turn=0)
    wrote("hi", sender="old", active=timezone.datetime(2025, 5, 1, tzinfo=timezone.get_current_timezone()))
    assert senders(desk, **chosen) == [found]


def test_it_narrows_by_environment(desk: Client, wrote: Write) -> None:
    here = wrote("hi", sender="sam").environment
    staging = Environment.objects.create(bot=here.bot, name="staging")
    assert senders(desk, environment=str(here.pk)) == ["sam"]
    assert senders(desk, environment=str(staging.pk)) == []


def test_it_searches_back_a_bounded_way_and_goes_on(
    desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SEARCHED", 2)
    now = timezone.now()
    for age in range(5):
        wrote("needle" if age == 3 else "hay", sender=f"age-{age}", active=now - timedelta(hours=age))

    first = desk.get(LIST, {"q": "needle"}).context["cl"]
    second = desk.get(LIST + first.older).context["cl"]
    assert (list(first.result_list), [row.external_id for row in second.result_list]) == ([], ["age-3"])


def test_it_counts_to_its_cap_and_shows_the_older_ones_behind_it(
    desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CappedPaginator, "cap", 2)
    now = timezone.now()
    for age in range(3):
        wrote("hi", sender=f"age-{age}", active=now - timedelta(hours=age))

    response = desk.get(LIST)
    assert "More than 2 conversations" in response.content.decode()
    older = desk.get(LIST + response.context["cl"].older).context["cl"]
    assert [row.external_id for row in older.result_list] == ["age-2"]


def test_it_asks_as_few_questions_for_many_rows_as_for_one(
    desk: Client, wrote: Write, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        wrote("hi", "there")
    with django_assert_max_num_queries(12):
        assert len(senders(desk)) == 30
    with django_assert_max_num_queries(14):
        assert len(senders(desk, q="there")) == 30


def test_it_invites_to_say_hello_where_nobody_has(desk: Client) -> None:
    page = desk.get(LIST).content.decode()
    assert "Nobody has written yet." in page


def test_it_is_for_those_who_may_view(viewer_desk: Client, stranger_desk: Client, wrote: Write) -> None:
    wrote("hi", sender="sam")
    assert senders(viewer_desk) == ["sam"]
    assert stranger_desk.get(LIST).status_code == 403
