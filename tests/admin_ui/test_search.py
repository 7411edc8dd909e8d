"""The search in all messages, in the list of conversations."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from conversations import search_index
from conversations.models import Message
from conversations.selectors import searching
from tests.admin_ui.conftest import Write
from tests.admin_ui.test_conversation_list import LIST, listed, senders

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "words",
    [
        "refund",
        "REFUND my",
        "ref",
        "my refund",
        '"my order"',
        "über100%",
        "UBER",
        "u\N{COMBINING DIAERESIS}ber",
        "it's",
        "naive",
        "naïve",
        "مرحبا",
        "مرح",
        "20-45",
        "order/20",
        '"late, naïve"',
        "Привет",
        "прив",
        '"unclosed my',
    ],
)
def test_it_finds_words_their_beginnings_and_phrases(desk: Client, wrote: Write, words: str) -> None:
    said = "Refund my order Über100% now, it's late, naïve; order/20-45 مرحبا بك Привет unclosed my"
    wrote("hi", said, "thanks", sender="sam")
    wrote("a table for a hundred people, its lateness", sender="kim")
    assert senders(desk, q=words) == ["sam"]


@pytest.mark.parametrize(
    "words", ["efund", '"order my"', "refund nobody", '"ref"', "'", '""', "%", "*", "-", "a* OR b"]
)
def test_it_finds_nothing_else(desk: Client, wrote: Write, words: str) -> None:
    wrote("Refund my order", sender="sam")
    assert senders(desk, q=words) == []


def test_it_shows_the_hit_and_leads_to_it(desk: Client, wrote: Write) -> None:
    wrote("hi", "where is <b>my</b> Refund, please", "thanks")
    page = desk.get(LIST, {"q": "refund MY where is"}).content.decode()
    assert "<mark>where</mark> <mark>is</mark> &lt;b&gt;<mark>my</mark>&lt;/b&gt; <mark>Refund</mark>, please" in page
    assert "at=4" in unescape(page)  # the bot's words, which repeat them and are newer


def test_it_begins_a_long_text_shortly_before_the_hit(desk: Client, wrote: Write) -> None:
    wrote(f"{'word ' * 400}needle{' word' * 400}")
    page = desk.get(LIST, {"q": "needle"}).content.decode()
    assert "word <mark>needle</mark> word" in page
    assert "word " * 60 not in page


def test_it_follows_what_is_written_changed_and_deleted(desk: Client, wrote: Write) -> None:
    sam, kim = wrote("needle", sender="sam"), wrote("needle", sender="kim")
    sam.delete()
    assert senders(desk, q="needle") == ["kim"]
    Message.objects.filter(conversation=kim).update(text="thread")
    assert (senders(desk, q="needle"), senders(desk, q="thread")) == ([], ["kim"])


def test_it_finds_senders_and_public_ids(desk: Client, wrote: Write) -> None:
    sam = wrote("hi", sender="sam-of-the-shop")
    wrote("hi", sender="kim")
    assert senders(desk, q="OF-THE") == ["sam-of-the-shop"]
    assert senders(desk, q=str(sam.public_id)) == ["sam-of-the-shop"]
    assert senders(desk, q="nobody said this") == []


def test_it_looks_back_a_bounded_way_and_goes_on(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "BATCH", 2)
    monkeypatch.setattr(searching, "LOOKED_AT", 3)
    for age in range(4, -1, -1):
        moment = timezone.now() - timedelta(hours=age)
        wrote("needle", sender=f"age-{age}", active=moment, state="waiting" if age == 3 else "bot")
    first = listed(desk, q="needle", state="waiting")
    assert (first.result_count, bool(first.older)) == (0, True)
    found, address = [], first.older
    while address:
        page = listed(desk, address)
        found += [row.external_id for row in page.result_list]
        address = page.older
    assert set(found) == {"age-3"}


def test_it_looks_through_ever_larger_windows(desk: Client, wrote: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PostgreSQL does, where the newest messages do not have enough hits."""
    monkeypatch.setattr(searching, "_NEWEST", 2)
    monkeypatch.setattr(searching, "ENOUGH", 2)
    monkeypatch.setattr(searching, "_WINDOWS", (4, 6))
    for number in range(6):
        wrote("needle", sender=f"no-{number}", active=timezone.now() + timedelta(hours=number))
    assert senders(desk, q="needle") == [f"no-{number}" for number in range(5, -1, -1)]


def test_it_mends_itself_where_a_migration_made_the_table_anew(desk: Client, wrote: Write) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite keeps this index by triggers.")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {search_index.TABLE}_added")
    search_index.mend(connection)
    wrote("needle", sender="sam")
    assert senders(desk, q="needle") == ["sam"]
